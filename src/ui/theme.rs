//! Colours by the 16 ANSI names, and glyphs with their ASCII forms. The terminal's own
//! background and foreground stay; without colour, bold, dim and reverse still tell apart.

use ratatui::style::{Color, Modifier, Style};

/// Colours and glyphs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    color: bool,
    /// Glyphs.
    pub(super) glyph: &'static Glyphs,
}

/// The glyphs, each one column wide unless it is said.
#[derive(Debug)]
pub(super) struct Glyphs {
    /// What the seal reads, four columns wide.
    pub(super) name: &'static str,
    pub(super) pass: &'static str,
    pub(super) fail: &'static str,
    pub(super) rest: &'static str,
    pub(super) started: &'static str,
    pub(super) pointer: &'static str,
    pub(super) bullet: &'static str,
    pub(super) rule: &'static str,
    pub(super) heavy: &'static str,
    pub(super) bar: &'static str,
    pub(super) thumb: &'static str,
    pub(super) branch: &'static str,
    pub(super) last: &'static str,
    /// Corners of a box: top left, top right, bottom left, bottom right.
    pub(super) corners: [&'static str; 4],
    /// Corners, sides of a heavy box.
    pub(super) seal: [&'static str; 6],
    pub(super) times: &'static str,
    pub(super) arrows: &'static str,
    pub(super) sides: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    name: "도장",
    pass: "✓",
    fail: "✗",
    rest: "·",
    started: "▪",
    pointer: "▸",
    bullet: "◦",
    rule: "─",
    heavy: "━",
    bar: "│",
    thumb: "┃",
    branch: "├─",
    last: "└─",
    corners: ["╭", "╮", "╰", "╯"],
    seal: ["┏", "┓", "┗", "┛", "━", "┃"],
    times: "×",
    arrows: "↑↓",
    sides: "←→",
};

const ASCII: Glyphs = Glyphs {
    name: "SEAL",
    pass: "+",
    fail: "x",
    rest: ".",
    started: "*",
    pointer: ">",
    bullet: "-",
    rule: "-",
    heavy: "=",
    bar: "|",
    thumb: "#",
    branch: "|-",
    last: "`-",
    corners: ["+", "+", "+", "+"],
    seal: ["+", "+", "+", "+", "=", "|"],
    times: "x",
    arrows: "j/k",
    sides: "h/l",
};

impl Theme {
    /// With or without colour, in Unicode or ASCII.
    pub(super) fn new(color: bool, ascii: bool) -> Self {
        Self { color, glyph: if ascii { &ASCII } else { &UNICODE } }
    }

    /// Whether glyphs are ASCII.
    pub(super) fn is_ascii(self) -> bool {
        self.glyph.pass == ASCII.pass
    }

    fn fg(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// Running text.
    pub(super) fn text(self) -> Style {
        Style::new()
    }

    /// Headings and what is pointed at.
    pub(super) fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What may be overlooked.
    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Code, names of things.
    pub(super) fn code(self) -> Style {
        self.fg(Color::Cyan)
    }

    /// A key to press.
    pub(super) fn key(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// Where the focus is.
    pub(super) fn focus(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The seal.
    pub(super) fn seal(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Something holds.
    pub(super) fn pass(self) -> Style {
        self.fg(Color::Green).add_modifier(Modifier::BOLD)
    }

    /// Something is broken.
    pub(super) fn fail(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Something to look at.
    pub(super) fn mark(self) -> Style {
        self.fg(Color::Magenta).add_modifier(Modifier::BOLD)
    }
}
