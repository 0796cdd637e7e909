//! The little Markdown that lessons are written in: paragraphs, lists, code blocks;
//! strong, emphasis and code within them.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::text::{width, wrap};

/// How a stretch of text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Style {
    /// As it is.
    #[default]
    Plain,
    /// `**strong**`.
    Strong,
    /// `*emphasis*`.
    Emphasis,
    /// `` `code` ``: words of components, files, flags.
    Code,
}

/// A stretch of text in one style.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// A line as it is drawn.
pub type Line = Vec<Span>;

/// One block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// An item of a list with bullets.
    Bullet(Vec<Span>),
    /// An item of a numbered list.
    Ordered(u64, Vec<Span>),
    /// A code block, line by line.
    Code(Vec<String>),
}

/// The blocks of a Markdown text. What lessons do not use stands as its own text:
/// headings as paragraphs, links as their words, HTML as it is written.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::empty()) {
        reader.take(event);
    }
    reader.flush();
    reader.blocks
}

/// The stretches of one line of Markdown: a heading, a choice.
#[must_use]
pub fn inline(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for block in parse(text) {
        match block {
            Block::Paragraph(inner) | Block::Bullet(inner) | Block::Ordered(_, inner) => spans.extend(inner),
            Block::Code(lines) => spans.push(Span { text: lines.join(" "), style: Style::Code }),
        }
    }
    spans
}

/// The blocks as lines of at most `columns`, with an empty line between blocks.
#[must_use]
pub fn lines(blocks: &[Block], columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut before: Option<&Block> = None;
    for block in blocks {
        if before.is_some_and(|before| !(is_item(before) && is_item(block))) {
            lines.push(Line::new());
        }
        match block {
            Block::Paragraph(spans) => lines.extend(hanging("", spans, columns)),
            Block::Bullet(spans) => lines.extend(hanging("- ", spans, columns)),
            Block::Ordered(number, spans) => lines.extend(hanging(&format!("{number}. "), spans, columns)),
            Block::Code(code) => {
                for line in code {
                    let line = Span { text: line.clone(), style: Style::Code };
                    lines.extend(hanging("  ", &[line], columns));
                }
            }
        }
        before = Some(block);
    }
    lines
}

/// The same lines without styles.
#[must_use]
pub fn plain(blocks: &[Block], columns: usize) -> Vec<String> {
    lines(blocks, columns).into_iter().map(|line| line.into_iter().map(|span| span.text).collect()).collect()
}

/// Lines of at most `columns`, the first behind `lead`, the others as far in as it.
#[must_use]
pub fn hanging(lead: &str, spans: &[Span], columns: usize) -> Vec<Line> {
    let indent = " ".repeat(width(lead));
    let text: String = spans.iter().map(|span| span.text.as_str()).collect();
    let mut styled = spans.iter().flat_map(|span| span.text.chars().map(|c| (c, span.style))).peekable();
    let mut out = Vec::new();
    for (index, wrapped) in wrap(&text, columns.saturating_sub(width(lead))).into_iter().enumerate() {
        let mut line = Line::new();
        if !lead.is_empty() {
            let lead = if index == 0 { lead } else { &indent };
            line.push(Span { text: lead.to_owned(), style: Style::Plain });
        }
        for c in wrapped.chars() {
            // Wrapping only drops spaces at the ends of lines and adds indents: the next
            // equal character is the one that this was.
            let style = if c == ' ' {
                styled.next_if(|(next, _)| *next == ' ').map_or(Style::Plain, |(_, style)| style)
            } else {
                styled.by_ref().find(|(next, _)| *next == c).map_or(Style::Plain, |(_, style)| style)
            };
            push(&mut line, c, style);
        }
        out.push(line);
    }
    out
}

fn push(line: &mut Line, c: char, style: Style) {
    match line.last_mut() {
        Some(last) if last.style == style => last.text.push(c),
        _ => line.push(Span { text: c.to_string(), style }),
    }
}

const fn is_item(block: &Block) -> bool {
    matches!(block, Block::Bullet(_) | Block::Ordered(..))
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    strong: usize,
    emphasis: usize,
    code_block: Option<String>,
    /// The lists we are in: the next number, or none for bullets.
    lists: Vec<Option<u64>>,
    /// The item that the next spans belong to.
    item: Option<Option<u64>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut self.code_block {
                Some(code) => code.push_str(&text),
                None => self.push(&text, None),
            },
            Event::Code(code) => self.push(&code, Some(Style::Code)),
            Event::SoftBreak => self.push(" ", None),
            Event::HardBreak => self.push("\n", None),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::CodeBlock(_) => {
                self.flush();
                self.code_block = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.flush();
                if let Some(list) = self.lists.last_mut() {
                    self.item = Some(*list);
                    *list = list.map(|number| number.saturating_add(1));
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Paragraph | TagEnd::Item | TagEnd::Heading(_) | TagEnd::HtmlBlock => self.flush(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code_block.take() {
                    self.blocks.push(Block::Code(code.lines().map(str::to_owned).collect()));
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str, style: Option<Style>) {
        let style = style.unwrap_or(match (self.strong, self.emphasis) {
            (0, 0) => Style::Plain,
            (0, _) => Style::Emphasis,
            _ => Style::Strong,
        });
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_owned(), style }),
        }
    }

    fn flush(&mut self) {
        if self.spans.is_empty() {
            return;
        }
        let spans = std::mem::take(&mut self.spans);
        self.blocks.push(match self.item.take() {
            Some(Some(number)) => Block::Ordered(number, spans),
            Some(None) => Block::Bullet(spans),
            None => Block::Paragraph(spans),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(text: &str, style: Style) -> Span {
        Span { text: text.into(), style }
    }

    #[test]
    fn blocks_and_spans() {
        let blocks = parse(
            "A **strong** word and `O=x`,\n*soft* break.\n\n- one\n- two `b`\n\n3. three\n4. four\n\n```\na  b\n c\n```\n",
        );
        assert_eq!(
            blocks,
            [
                Block::Paragraph(vec![
                    span("A ", Style::Plain),
                    span("strong", Style::Strong),
                    span(" word and ", Style::Plain),
                    span("O=x", Style::Code),
                    span(", ", Style::Plain),
                    span("soft", Style::Emphasis),
                    span(" break.", Style::Plain),
                ]),
                Block::Bullet(vec![span("one", Style::Plain)]),
                Block::Bullet(vec![span("two ", Style::Plain), span("b", Style::Code)]),
                Block::Ordered(3, vec![span("three", Style::Plain)]),
                Block::Ordered(4, vec![span("four", Style::Plain)]),
                Block::Code(vec!["a  b".into(), " c".into()]),
            ]
        );
    }

    #[test]
    fn lines_hang_and_keep_their_styles() {
        let blocks = parse("A `two words` end\n\n- a long item here\n- b\n\n```\nopenssl x509\n```");
        assert_eq!(
            plain(&blocks, 9),
            ["A two", "words end", "", "- a long", "  item", "  here", "- b", "", "  openssl", "  x509"]
        );
        let drawn = lines(&blocks, 9);
        assert_eq!(drawn[0], [span("A ", Style::Plain), span("two", Style::Code)]);
        assert_eq!(drawn[1], [span("words", Style::Code), span(" end", Style::Plain)]);
    }

    #[test]
    fn what_lessons_do_not_use_stands_as_its_text() {
        assert_eq!(
            plain(&parse("# Head\n\nsystem:node:<name> [a](http://b) \n\n<div>x</div>"), 40),
            ["Head", "", "system:node:<name> a", "", "<div>x</div>"]
        );
    }

    proptest! {
        #[test]
        fn any_text_fits_and_nothing_panics(text in "[-가나*`#>1. a\n_<]{0,80}", columns in 6usize..40) {
            for line in plain(&parse(&text), columns) {
                prop_assert!(width(&line) <= columns, "{line:?}");
            }
        }
    }
}
