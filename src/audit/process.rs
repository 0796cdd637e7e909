//! Static-pod manifests, systemd units and kubelet configurations: a component, its flags,
//! and where the files that they name lie in the directory.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Problem;
use super::kubeconfig::first_line;
use super::scan::{Scan, directory};
use super::table::{self, Id};

const COMPONENTS: [&str; 5] =
    ["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler", "kubelet"];
/// Where kubeadm keeps what is read here.
const OWN_PLACES: [&str; 2] = ["/etc/kubernetes/manifests/", "/var/lib/kubelet/"];
/// Where a workspace of dojang's keeps what the lecture does not have.
const EXTRA: &str = "extra/";
/// A configuration nests no deeper.
const DEEPEST: usize = 12;

/// How absolute paths of a node map to the directory that is looked at: what begins with
/// `prefix` lies below `base`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) base: String,
    prefix: String,
}

/// A file that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Located {
    /// It is there, at this path.
    At(String),
    /// It should be, and is not.
    Missing,
    /// It lies outside of what is looked at.
    Elsewhere,
}

impl Place {
    /// The mapping by which most of the named files are found.
    pub(super) fn of<'a>(
        path: &str,
        named: impl Iterator<Item = &'a str>,
        paths: &HashSet<String>,
    ) -> Option<Self> {
        let mut above = vec![directory(path)];
        while let Some(last) = above.last().filter(|last| !last.is_empty()) {
            above.push(directory(last.trim_end_matches('/')));
        }
        let mut votes: HashMap<(&str, &str), usize> = HashMap::new();
        for file in named.filter(|file| file.starts_with('/')) {
            for (slash, _) in file.match_indices('/') {
                let (Some(prefix), Some(rest)) = (file.get(..=slash), file.get(slash + 1..)) else {
                    continue;
                };
                for base in &above {
                    if paths.contains(&format!("{base}{rest}")) {
                        *votes.entry((base, prefix)).or_default() += 1;
                    }
                }
            }
        }
        let best = votes
            .into_iter()
            .max_by_key(|((base, prefix), count)| (*count, std::cmp::Reverse(prefix.len()), base.len()));
        if let Some(((base, prefix), _)) = best {
            return Some(Self { base: base.to_owned(), prefix: prefix.to_owned() });
        }
        let own = format!("/{}", directory(path));
        OWN_PLACES.iter().find_map(|place| {
            let base = own.strip_suffix(place)?.trim_start_matches('/');
            let base = if base.is_empty() { String::new() } else { format!("{base}/") };
            Some(Self { base, prefix: "/".into() })
        })
    }

    /// Where a file that is named by its absolute path lies.
    pub(super) fn locate(place: Option<&Self>, from: &str, file: &str, paths: &HashSet<String>) -> Located {
        if paths.contains(file) {
            return Located::At(file.to_owned());
        }
        let found = if file.starts_with('/') {
            let Some(place) = place else { return Located::Elsewhere };
            let Some(rest) = file.strip_prefix(&place.prefix) else { return Located::Elsewhere };
            format!("{}{rest}", place.base)
        } else {
            let Some(path) = joined(directory(from), file) else { return Located::Elsewhere };
            path
        };
        let further = place.map(|place| found.replacen(&place.base, &format!("{}{EXTRA}", place.base), 1));
        [Some(found), further]
            .into_iter()
            .flatten()
            .find(|path| paths.contains(path))
            .map_or(Located::Missing, Located::At)
    }
}

/// A relative path from a directory, with its `.` and `..` resolved; none if it leads out.
fn joined(directory: &str, file: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A component as a file starts it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) path: String,
    pub(super) component: String,
    flags: Vec<(String, String)>,
    /// Where a pod's container sees directories of the node; none if it is no pod.
    pub(super) mounts: Option<Vec<String>>,
    pub(super) place: Option<Place>,
}

impl Process {
    /// Reads a manifest, a unit or a kubelet's configuration; none if it is none of these.
    pub(super) fn read(shown: &str, text: &str, found: &mut Scan) -> Option<Self> {
        let is_yaml = [".yaml", ".yml", ".manifest"].iter().any(|end| shown.ends_with(end));
        let new = |component: &str, flags, mounts| Self {
            path: shown.to_owned(),
            component: component.to_owned(),
            flags,
            mounts,
            place: None,
        };
        if shown.ends_with(".service") {
            let words: Vec<&str> = text
                .split(|c: char| c.is_whitespace() || c == '\\')
                .filter(|word| !word.is_empty())
                .collect();
            let (component, flags) = command(&words)?;
            return Some(new(component, flags, None));
        }
        // Other YAML may hold several documents, and manifests of the users' own pods.
        let documents: Vec<&str> = text
            .split("\n---")
            .filter(|document| !document.trim_matches(['-', '\n', ' ', '\r']).is_empty())
            .collect();
        let of_kind = |kind: &str| {
            documents.iter().copied().find(|document| document.lines().any(|line| line.trim_end() == kind))
        };
        let (pod, kubelet) = (of_kind("kind: Pod"), of_kind("kind: KubeletConfiguration"));
        let kubelet = kubelet.filter(|_| documents.len() == 1);
        let is_pod = pod.is_some();
        let text = pod.or(kubelet).filter(|_| is_yaml)?;
        let document: Value = match serde_saphyr::from_str(text.trim_start_matches('-')) {
            Ok(document) => document,
            Err(error) => {
                if directory(shown).ends_with("manifests/")
                    || COMPONENTS.iter().any(|name| text.contains(name))
                {
                    let why = first_line(&error.to_string());
                    found.problems.push(Problem::new(Id::UnreadableManifest, shown, why));
                }
                return None;
            }
        };
        if !is_pod {
            let mut flags = Vec::new();
            flatten("", &document, &mut flags, 0);
            return Some(new("kubelet", flags, None));
        }
        let texts = |value: Option<&Value>| -> Vec<String> {
            let list = value.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        document.pointer("/spec/containers")?.as_array()?.iter().find_map(|container| {
            let words = [texts(container.get("command")), texts(container.get("args"))].concat();
            let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
            let (component, flags) = command(&words)?;
            let mounts = container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten();
            let mounts = mounts.filter_map(|mount| mount.get("mountPath")?.as_str());
            Some(new(component, flags, Some(mounts.map(str::to_owned).collect())))
        })
    }

    /// Finds out where the files that it names lie.
    pub(super) fn settle(&mut self, paths: &HashSet<String>) {
        let named = table::file_flags(&self.component).flat_map(|flag| self.values(&flag.name));
        self.place = Place::of(&self.path, named, paths);
    }

    /// The value of a flag that is given; the last counts, as pflag has it.
    pub(super) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// The values of a flag that may be given several times.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.flags.iter().filter(move |(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// Where the file that a flag names lies; none if the flag is not given.
    pub(super) fn file(&self, name: &str, paths: &HashSet<String>) -> Option<Located> {
        let value = self.flag(name).filter(|value| !value.is_empty())?;
        Some(self.locate(value, paths))
    }

    /// Where a file lies that it names.
    pub(super) fn locate(&self, file: &str, paths: &HashSet<String>) -> Located {
        Place::locate(self.place.as_ref(), &self.path, file, paths)
    }

    /// The path of a flag's file that is there.
    pub(super) fn at(&self, name: &str, scan: &Scan) -> Option<String> {
        match self.file(name, &scan.paths)? {
            Located::At(path) => Some(path),
            Located::Missing | Located::Elsewhere => None,
        }
    }

    /// Whether it runs on the same node as another, as far as the files tell.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Some(own), Some(other)) => own.base == other.base,
            _ => false,
        }
    }

    /// `--flag=value`, as it stands there.
    pub(super) fn shown(&self, name: &str) -> String {
        self.shown_as(name, self.flag(name).unwrap_or_default())
    }

    /// The same with one of several values.
    pub(super) fn shown_as(&self, name: &str, value: &str) -> String {
        if name.starts_with("--") { format!("{name}={value}") } else { format!("{name}: {value}") }
    }
}

/// The component that a command line starts, and its flags.
fn command<'a>(words: &[&'a str]) -> Option<(&'a str, Vec<(String, String)>)> {
    let program = words.iter().position(|word| {
        let word = word.rsplit(['/', '=']).next().unwrap_or(word);
        COMPONENTS.contains(&word)
    })?;
    let component = words.get(program)?.rsplit(['/', '=']).next()?;
    let clean = |text: &str| text.trim_matches(['"', '\'', ',']).to_owned();
    let mut flags = Vec::new();
    let mut words = words.iter().skip(program + 1).peekable();
    while let Some(word) = words.next() {
        let word = word.trim_matches(['"', '\'', ',']);
        if !word.starts_with("--") {
            continue;
        }
        if let Some((name, value)) = word.split_once('=') {
            flags.push((name.to_owned(), clean(value)));
        } else if let Some(value) = words.next_if(|next| !next.starts_with('-')) {
            flags.push((word.to_owned(), clean(value)));
        } else {
            flags.push((word.to_owned(), "true".to_owned()));
        }
    }
    Some((component, flags))
}

/// Scalars by their dotted names.
fn flatten(name: &str, value: &Value, flags: &mut Vec<(String, String)>, depth: usize) {
    match value {
        Value::Object(fields) if depth < DEEPEST => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, flags, depth + 1);
            }
        }
        Value::String(text) => flags.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => flags.push((name.to_owned(), value.to_string())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_every_form() {
        let words = ["ExecStart=/usr/bin/etcd", "--a=1", "--b", "2", "--c", "--d='x'"];
        let (component, flags) = command(&words).unwrap();
        let flags: Vec<_> = flags.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!((component, flags.join("|")), ("etcd", "--a 1|--b 2|--c true|--d x".to_owned()));
    }

    #[test]
    fn of_several_documents_the_component_s_pod_is_read() {
        let pod = |command: &str| {
            format!("---\nkind: Pod\nspec:\n  containers:\n  - command: [{command}]\n---\nkind: Other\n")
        };
        let read = |text: &str| Process::read("a.yaml", text, &mut Scan::default());
        let process = read(&pod("kube-apiserver, --a=1")).unwrap();
        assert_eq!((process.component.as_str(), process.flag("--a")), ("kube-apiserver", Some("1")));
        assert!(read(&pod("sleep, '1'")).is_none());
        assert!(read("kind: ClusterConfiguration\n---\nkind: KubeletConfiguration\n").is_none());
        assert!(read("kind: KubeletConfiguration\nreadOnlyPort: 1\n").is_some());
    }

    #[test]
    fn files_are_found_wherever_the_directory_begins() {
        for (path, there, base) in [
            ("cp1/etc/kubernetes/manifests/a.yaml", "cp1/etc/kubernetes/pki/ca.crt", "cp1/"),
            ("manifests/a.yaml", "pki/ca.crt", ""),
            ("a.yaml", "ca.crt", ""),
        ] {
            let paths = HashSet::from([there.to_owned()]);
            let place = Place::of(path, ["/etc/kubernetes/pki/ca.crt"].into_iter(), &paths).unwrap();
            assert_eq!(place.base, base, "{path}");
            let at = |file| Place::locate(Some(&place), path, file, &paths);
            assert_eq!(at("/etc/kubernetes/pki/ca.crt"), Located::At(there.to_owned()));
            assert_eq!(at("/etc/kubernetes/pki/nope.crt"), Located::Missing);
        }
        assert_eq!(joined("a/b/", "../c/./d"), Some("a/c/d".to_owned()));
        assert_eq!(joined("a/", "../../d"), None);
    }
}
