//! Whether a certificate is valid for a name, as Go's `VerifyHostname` decides.

use std::net::IpAddr;

use super::address;
use super::certificate::Certificate;

/// Checks the asked name against the SANs; the error is Go's.
pub(super) fn verify(certificate: &Certificate, asked: &str) -> Result<(), String> {
    // Addresses may stand in brackets.
    let bare = asked
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|bare| !bare.is_empty())
        .unwrap_or(asked);
    if let Ok(address) = address::parse(bare) {
        let is_listed =
            certificate.ip_addresses().iter().any(|listed| listed.to_canonical() == address.to_canonical());
        return if is_listed {
            Ok(())
        } else {
            // Go names the address as it prints addresses.
            Err(refusal(certificate, &address.to_canonical().to_string()))
        };
    }
    let is_plain_name = is_host_name(asked, false);
    let is_covered = certificate.dns_names().iter().any(|pattern| {
        if is_plain_name && is_host_name(pattern, true) {
            matches(pattern, asked)
        } else {
            // What is no host name can only be there to the letter.
            !asked.is_empty() && asked != "." && pattern.eq_ignore_ascii_case(asked)
        }
    });
    if is_covered { Ok(()) } else { Err(refusal(certificate, asked)) }
}

/// From so many names on Go counts them instead of listing them.
const TOO_MANY_TO_LIST: usize = 100;

/// Go's `HostnameError`.
fn refusal(certificate: &Certificate, asked: &str) -> String {
    if !certificate.has_alternative_names() && matches(certificate.subject().common_name(), asked) {
        return "x509: certificate relies on legacy Common Name field, use SANs instead".to_owned();
    }
    let listed = if asked.parse::<IpAddr>().is_ok() {
        if certificate.ip_addresses().is_empty() {
            return format!(
                "x509: cannot validate certificate for {asked} because it doesn't contain any IP SANs"
            );
        }
        if certificate.ip_addresses().len() >= TOO_MANY_TO_LIST {
            return format!(
                "x509: certificate is valid for {} IP SANs, but none matched {asked}",
                certificate.ip_addresses().len()
            );
        }
        let addresses: Vec<String> =
            certificate.ip_addresses().iter().map(|address| address.to_canonical().to_string()).collect();
        addresses.join(", ")
    } else {
        if certificate.dns_names().len() >= TOO_MANY_TO_LIST {
            return format!(
                "x509: certificate is valid for {} names, but none matched {asked}",
                certificate.dns_names().len()
            );
        }
        certificate.dns_names().join(", ")
    };
    if listed.is_empty() {
        format!("x509: certificate is not valid for any names, but wanted to match {asked}")
    } else {
        format!("x509: certificate is valid for {listed}, not {asked}")
    }
}

/// A host name of letters, digits, hyphens (not first in a label) and underscores; as a
/// pattern it may have a wildcard for its first label, as asked for a dot at its end.
fn is_host_name(name: &str, is_pattern: bool) -> bool {
    let name = match name.strip_suffix('.') {
        Some(stripped) if !is_pattern => stripped,
        _ => name,
    };
    if name == "*" {
        return false;
    }
    name.split('.').enumerate().all(|(index, label)| {
        (is_pattern && index == 0 && label == "*")
            || (!label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'))
    })
}

/// Label by label, in any case; `*` covers a whole first label.
fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if pattern.is_empty() || host.is_empty() {
        return false;
    }
    let (patterns, labels) = (pattern.split('.'), host.split('.'));
    patterns.clone().count() == labels.clone().count()
        && patterns.zip(labels).enumerate().all(|(index, (pattern, label))| {
            (index == 0 && pattern == "*") || pattern.eq_ignore_ascii_case(label)
        })
}
