//! What this machine offers the lab: terminal, clipboard, workspace, tools. Nothing of it
//! is needed but a terminal for the screen; what is missing is told with what to do.

mod data;
mod run;
mod terminal;
mod tools;
mod workspace;

pub use data::Works;
pub use terminal::{Clipboard, Surroundings, Terminal, examine as examine_terminal};
pub use tools::{Tool, examine as examine_tools, place_of};
pub use workspace::{Workspace, examine as examine_workspace};
