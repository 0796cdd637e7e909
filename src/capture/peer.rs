//! Who stands at one end.

use std::net::SocketAddr;

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its name, where one is known: a component's, or what the capture calls the address.
    pub name: Option<String>,
    /// Its address and port.
    pub address: SocketAddr,
}

/// What stands between the two names in the remark on a connection's first packet.
const DIALS: &str = " connects to ";

/// The remark on a connection's first packet. Components share addresses (all of a control
/// plane's do), so a name that belongs to one end of one connection stands here, and the
/// file's name resolution holds only the names of addresses.
pub(super) fn introduction(client: &str, server: &str) -> String {
    format!("{client}{DIALS}{server}")
}

/// The two names in such a remark.
pub(super) fn introduced(remark: &str) -> Option<(&str, &str)> {
    let (client, server) = remark.split_once(DIALS)?;
    let name = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    (name(client) && name(server)).then_some((client, server))
}

#[cfg(test)]
mod tests {
    use super::{introduced, introduction};

    #[test]
    fn an_introduction_gives_both_names_back() {
        let remark = introduction("kubelet@node01", "kube-apiserver");
        assert_eq!(introduced(&remark), Some(("kubelet@node01", "kube-apiserver")));
        assert_eq!(introduced("it connects to my surprise"), None);
        assert_eq!(introduced(" connects to etcd"), None);
    }
}
