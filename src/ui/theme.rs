//! Colours by the ANSI names, and glyphs with their ASCII forms. The terminal's own
//! background and foreground stay; without colour, bold, dim and reverse still tell apart.

use ratatui::style::{Color, Modifier, Style};

/// Colours and glyphs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    color: bool,
    /// Whether the text is dark on light.
    light: bool,
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
    /// In the clear, and encrypted.
    pub(super) open: &'static str,
    pub(super) closed: &'static str,
    pub(super) unequal: &'static str,
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
    open: "▫",
    closed: "▪",
    unequal: "≠",
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
    open: "o",
    closed: "#",
    unequal: "!",
    sides: "h/l",
};

/// Of the 256 colours, with a contrast of 7:1 or more on white.
const DARK_BLUE: u8 = 24;
const DARK_RED: u8 = 124;
const DARK_GREEN: u8 = 22;
const DARK_MAGENTA: u8 = 90;
const DARK_BROWN: u8 = 94;

impl Theme {
    /// With or without colour, in Unicode or ASCII.
    pub(super) fn new(color: bool, ascii: bool) -> Self {
        Self { color, light: false, glyph: if ascii { &ASCII } else { &UNICODE } }
    }

    /// The same on a light or a dark background.
    pub(super) fn on(self, light: bool) -> Self {
        Self { light, ..self }
    }

    /// Whether colours are used.
    pub(super) fn has_color(self) -> bool {
        self.color
    }

    /// Whether the text is dark on light.
    pub(super) fn is_light(self) -> bool {
        self.light
    }

    /// Whether glyphs are ASCII.
    pub(super) fn is_ascii(self) -> bool {
        self.glyph.pass == ASCII.pass
    }

    /// By name on a dark background; on a light one, where most of the 16 are too pale to
    /// read, a dark one of the 256.
    fn fg(self, dark: Color, light: u8) -> Style {
        match (self.color, self.light) {
            (false, _) => Style::new(),
            (true, false) => Style::new().fg(dark),
            (true, true) => Style::new().fg(Color::Indexed(light)),
        }
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
        self.fg(Color::Cyan, DARK_BLUE)
    }

    /// A key to press.
    pub(super) fn key(self) -> Style {
        self.fg(Color::Cyan, DARK_BLUE).add_modifier(Modifier::BOLD)
    }

    /// Where the focus is.
    pub(super) fn focus(self) -> Style {
        self.fg(Color::Cyan, DARK_BLUE).add_modifier(Modifier::BOLD)
    }

    /// The seal.
    pub(super) fn seal(self) -> Style {
        self.fg(Color::Red, DARK_RED).add_modifier(Modifier::BOLD)
    }

    /// Something holds.
    pub(super) fn pass(self) -> Style {
        self.fg(Color::Green, DARK_GREEN).add_modifier(Modifier::BOLD)
    }

    /// Something is broken.
    pub(super) fn fail(self) -> Style {
        self.fg(Color::Red, DARK_RED).add_modifier(Modifier::BOLD)
    }

    /// What anyone on the way reads.
    pub(super) fn open(self) -> Style {
        self.fg(Color::Yellow, DARK_BROWN)
    }

    /// What is encrypted.
    pub(super) fn closed(self) -> Style {
        self.fg(Color::Cyan, DARK_BLUE)
    }

    /// Something to look at.
    pub(super) fn mark(self) -> Style {
        self.fg(Color::Magenta, DARK_MAGENTA).add_modifier(Modifier::BOLD)
    }
}
