//! A database file of bbolt, written in one go (bbolt page.go, bucket.go, db.go): pages of 4096
//! bytes; two copies of the description of the file; an empty list of free pages; then the
//! buckets, each a tree.

const PAGE: usize = 4096;
const PAGE_HEADER: usize = 16;
const ELEMENT: usize = 16;

const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const META: u16 = 0x04;
const FREE_LIST: u16 = 0x10;
/// The mark of an element that is a bucket.
const BUCKET: u32 = 0x01;

/// A key and its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// A file of these buckets, each with its entries in the order of their keys.
pub(super) fn file(mut buckets: Vec<(&str, Vec<Entry>)>) -> Vec<u8> {
    // The two descriptions come last: they say where everything is.
    let mut pages = Pages { bytes: vec![0; 2 * PAGE] };
    let free_list = pages.add(FREE_LIST, 0, &[]);
    buckets.sort_unstable_by_key(|(name, _)| *name);
    let mut root = Vec::new();
    for (name, entries) in buckets {
        let start = pages.tree(&entries);
        // Its first page, and a counter that nobody uses.
        let header = [start.to_le_bytes(), 0_u64.to_le_bytes()].concat();
        root.push((name.as_bytes().to_vec(), header));
    }
    let root = pages.leaf(&root, BUCKET);
    let end = pages.next();
    for number in 0..2_u64 {
        let page = description(number, root, free_list, end);
        let start = usize::try_from(number).unwrap_or_default() * PAGE;
        if let Some(own) = pages.bytes.get_mut(start..start + page.len()) {
            own.copy_from_slice(&page);
        }
    }
    pages.bytes
}

/// A page's header and the description of the file behind it.
fn description(number: u64, root: u64, free_list: u64, end: u64) -> Vec<u8> {
    const MAGIC: u32 = 0xed0c_daed;
    const VERSION: u32 = 2;
    let size = u32::try_from(PAGE).unwrap_or_default();
    let mut meta = Vec::new();
    for value in [MAGIC, VERSION, size, 0] {
        meta.extend(value.to_le_bytes());
    }
    // The last number is that of the transaction; its lowest bit says which copy it wrote.
    for value in [root, 0, free_list, end, 2 + number] {
        meta.extend(value.to_le_bytes());
    }
    // FNV-1a.
    let sum = meta
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    meta.extend(sum.to_le_bytes());
    [page_header(number, META, 0, 0), meta].concat()
}

fn page_header(id: u64, flags: u16, count: usize, overflow: usize) -> Vec<u8> {
    let mut out = id.to_le_bytes().to_vec();
    out.extend(flags.to_le_bytes());
    out.extend(u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(u32::try_from(overflow).unwrap_or(u32::MAX).to_le_bytes());
    out
}

struct Pages {
    bytes: Vec<u8>,
}

impl Pages {
    fn next(&self) -> u64 {
        u64::try_from(self.bytes.len() / PAGE).unwrap_or_default()
    }

    /// Adds a page, longer than others if it must be.
    fn add(&mut self, flags: u16, count: usize, content: &[u8]) -> u64 {
        let id = self.next();
        let pages = (PAGE_HEADER + content.len()).div_ceil(PAGE);
        let end = self.bytes.len() + pages * PAGE;
        self.bytes.extend(page_header(id, flags, count, pages - 1));
        self.bytes.extend(content);
        self.bytes.resize(end, 0);
        id
    }

    fn leaf(&mut self, entries: &[Entry], flags: u32) -> u64 {
        let heads = entries.iter().map(|(key, value)| {
            let lengths = [length(key), length(value)].concat();
            (flags.to_le_bytes().to_vec(), lengths)
        });
        let data = entries.iter().map(|(key, value)| [key.as_slice(), value].concat());
        let content = elements(heads, data.collect());
        self.add(LEAF, entries.len(), &content)
    }

    /// A page of the first keys of other pages, and where these are.
    fn branch(&mut self, below: &[(Vec<u8>, u64)]) -> u64 {
        let heads =
            below.iter().map(|(key, page)| (Vec::new(), [length(key), page.to_le_bytes().to_vec()].concat()));
        let data = below.iter().map(|(key, _)| key.clone());
        let content = elements(heads, data.collect());
        self.add(BRANCH, below.len(), &content)
    }

    /// Leaves, and branches above them up to one page.
    fn tree(&mut self, entries: &[Entry]) -> u64 {
        let mut level: Vec<(Vec<u8>, u64)> = Vec::new();
        for own in parted(entries, |(key, value)| key.len() + value.len()) {
            let first = own.first().map(|(key, _)| key.clone()).unwrap_or_default();
            level.push((first, self.leaf(own, 0)));
        }
        while level.len() > 1 {
            let mut above = Vec::new();
            for own in parted(&level, |(key, _)| key.len()) {
                let first = own.first().map(|(key, _)| key.clone()).unwrap_or_default();
                above.push((first, self.branch(own)));
            }
            level = above;
        }
        match level.first() {
            Some((_, page)) => *page,
            None => self.leaf(&[], 0),
        }
    }
}

fn length(bytes: &[u8]) -> Vec<u8> {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec()
}

/// The elements of a page, each with the distance from itself to its data, and the data.
fn elements(heads: impl Iterator<Item = (Vec<u8>, Vec<u8>)>, data: Vec<Vec<u8>>) -> Vec<u8> {
    let mut distance = data.len() * ELEMENT;
    let mut content = Vec::new();
    for ((before, behind), own) in heads.zip(&data) {
        content.extend(before);
        content.extend(u32::try_from(distance).unwrap_or(u32::MAX).to_le_bytes());
        content.extend(behind);
        distance = distance + own.len() - ELEMENT;
    }
    content.extend(data.concat());
    content
}

/// What fits on a page each; at least two on a branch, as a tree of one each would not end.
fn parted<T>(items: &[T], size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut parts, mut start, mut used) = (Vec::new(), 0, PAGE_HEADER);
    for (place, item) in items.iter().enumerate() {
        let own = ELEMENT + size(item);
        if used + own > PAGE && place >= start + 2 {
            parts.extend(items.get(start..place));
            (start, used) = (place, PAGE_HEADER);
        }
        used += own;
    }
    parts.extend(items.get(start..).filter(|rest| !rest.is_empty()));
    parts
}
