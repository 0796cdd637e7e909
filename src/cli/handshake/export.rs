//! A recorded connection as files for other programs.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::args::HandshakeArgs;
use crate::capture::{Comment, Conversation, Peer, write};
use crate::cli::error::CliError;
use crate::wire::{Kind, Recording, Transcript};

/// One end, for a capture.
pub(super) struct End<'a> {
    pub(super) name: &'a str,
    pub(super) address: SocketAddr,
}

/// One connection, for a capture.
pub(super) struct Exported<'a> {
    pub(super) client: End<'a>,
    pub(super) server: End<'a>,
    pub(super) recording: &'a Recording,
    pub(super) transcript: &'a Transcript,
}

/// Writes the files that were asked for, if any.
pub(super) fn export(asked: &HandshakeArgs, connections: &[Exported<'_>]) -> Result<(), CliError> {
    if let Some(path) = &asked.keylog {
        let failed = |error: io::Error| cannot_write(path, &error);
        let mut file = private(path, OpenOptions::new().append(true)).map_err(failed)?;
        for connection in connections {
            file.write_all(connection.recording.key_log.as_bytes()).map_err(failed)?;
        }
    }
    if let Some(path) = &asked.pcapng {
        let failed = |error: io::Error| cannot_write(path, &error);
        let conversations: Vec<Conversation> = connections.iter().map(Exported::conversation).collect();
        let file = private(path, OpenOptions::new().write(true).truncate(true)).map_err(failed)?;
        let mut file = io::BufWriter::new(file);
        write(&mut file, &conversations).and_then(|()| file.flush()).map_err(failed)?;
    }
    Ok(())
}

/// Opens a file that nobody else can read: there are secrets in it.
fn private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.create(true).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn cannot_write(path: &Path, error: &io::Error) -> CliError {
    CliError::Machine(format!(
        "cannot write {}: {error}; name a file in a directory of yours",
        path.display()
    ))
}

impl Exported<'_> {
    fn conversation(&self) -> Conversation {
        let peer = |end: &End<'_>| Peer { name: Some(end.name.to_owned()), address: end.address };
        Conversation {
            client: peer(&self.client),
            server: peer(&self.server),
            recording: self.recording.clone(),
            comments: self.alerts(),
        }
    }

    /// A remark on each alert but the one that ends every connection.
    fn alerts(&self) -> Vec<Comment> {
        let segment = |message: &crate::wire::Message| {
            let record = self.transcript.records.get(message.pieces.first()?.record)?;
            self.recording.segments.iter().position(|segment| {
                let range = segment.offset..segment.offset.saturating_add(segment.length);
                segment.from == record.from && range.contains(&record.offset)
            })
        };
        let alerts = self.transcript.messages.iter().filter(|message| message.kind == Kind::Alert);
        alerts
            .filter(|message| message.bytes.get(1) != Some(&0))
            .filter_map(|message| {
                let text = format!("the {} sends the alert {}", message.from, message.summary);
                Some(Comment { segment: segment(message)?, text })
            })
            .collect()
    }
}
