//! `--format openssl`: in the manner of `openssl x509 -text`, for those used to it.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::gather::Source;
use super::{report, select};
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::text::escape;
use crate::x509::{Document, Field, Form, Kind, pem};

pub(super) fn print(output: &Output, sources: &[Source]) -> Result<(), CliError> {
    for source in sources {
        for item in &source.items {
            let mut page = Page::default();
            page.document(&item.document());
            output.line(page.text.trim_end_matches('\n'))?;
        }
        for problem in &source.problems {
            output.line(&format!("{}: {}", escape(&source.name), report::problem(problem)))?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        self.text.push_str(&format!("{:indent$}{text}\n", ""));
    }

    /// Octets, so many a line.
    fn octets(&mut self, indent: usize, columns: usize, hexadecimal: &str) {
        let lower = hexadecimal.to_lowercase();
        let octets: Vec<&str> = lower.split(':').collect();
        let lines: Vec<String> = octets.chunks(columns).map(|line| line.join(":")).collect();
        let last = lines.len().saturating_sub(1);
        for (index, line) in lines.iter().enumerate() {
            self.line(indent, &format!("{line}{}", if index < last { ":" } else { "" }));
        }
    }

    fn document(&mut self, document: &Document) {
        let (title, label) = match document.kind {
            Kind::Certificate => ("Certificate:", "CERTIFICATE"),
            Kind::CertificateRequest => ("Certificate Request:", "CERTIFICATE REQUEST"),
            Kind::RevocationList => ("Certificate Revocation List (CRL):", "X509 CRL"),
            kind => {
                let name = select::kind_name(kind);
                self.line(0, &format!("{name}: {}", document.value("publicKey")));
                return;
            }
        };
        self.line(0, title);
        self.line(4, "Data:");
        let mut extensions = false;
        for field in &document.fields {
            if field.form == Form::Extension && !std::mem::replace(&mut extensions, true) {
                let head = match document.kind {
                    Kind::Certificate => "X509v3 extensions:",
                    Kind::CertificateRequest => "Requested Extensions:",
                    _ => "CRL extensions:",
                };
                self.line(8, head);
            }
            self.field(document, field);
        }
        let algorithm = document.value("signatureAlgorithm");
        self.line(4, &format!("Signature Algorithm: {algorithm}"));
        self.line(4, "Signature Value:");
        self.octets(8, 18, document.value("signatureValue"));
        self.text.push_str(&pem(label, &document.der));
    }

    fn field(&mut self, document: &Document, field: &Field) {
        let value = field.value.as_str();
        match field.name.as_ref() {
            "version" => {
                let number: u32 = value.parse().unwrap_or_default();
                self.line(8, &format!("Version: {value} (0x{:x})", number.saturating_sub(1)));
            }
            "serialNumber" => self.serial(field),
            "signatureAlgorithm" if document.kind == Kind::CertificateRequest => {}
            "signatureAlgorithm" => self.line(8, &format!("Signature Algorithm: {value}")),
            "issuer" => self.line(8, &format!("Issuer: {}", name(field))),
            "subject" => self.line(8, &format!("Subject: {}", name(field))),
            "notBefore" => {
                self.line(8, "Validity");
                self.line(12, &format!("Not Before: {}", moment(value)));
            }
            "notAfter" => self.line(12, &format!("Not After : {}", moment(value))),
            "thisUpdate" => self.line(8, &format!("Last Update: {}", moment(value))),
            "nextUpdate" => self.line(8, &format!("Next Update: {}", moment(value))),
            "publicKey" => self.key(field),
            "revokedCertificates" => self.revoked(field),
            "signature" | "signatureValue" | "sha1" | "sha256" => {}
            _ if field.form == Form::Extension => self.extension(field),
            _ => self.line(8, &format!("{}: {value}", field.name)),
        }
    }

    fn serial(&mut self, field: &Field) {
        let hexadecimal = field.part("hexadecimal").map(|part| part.value.to_lowercase()).unwrap_or_default();
        match field.value.parse::<i64>() {
            Ok(number) => {
                let (sign, size) =
                    if number < 0 { ("-", number.unsigned_abs()) } else { ("", number.unsigned_abs()) };
                self.line(8, &format!("Serial Number: {number} ({sign}0x{size:x})"));
            }
            Err(_) => {
                self.line(8, "Serial Number:");
                self.line(12, hexadecimal.strip_prefix("00:").unwrap_or(&hexadecimal));
            }
        }
    }

    fn key(&mut self, field: &Field) {
        let value = |name: &str| field.part(name).map(|part| part.value.as_str()).unwrap_or_default();
        self.line(8, "Subject Public Key Info:");
        let algorithm = match value("algorithm") {
            "ecPublicKey" => "id-ecPublicKey",
            other => other,
        };
        self.line(12, &format!("Public Key Algorithm: {algorithm}"));
        if let Some(modulus) = field.part("modulus") {
            let bits = field.value.trim_start_matches("RSA ").trim_end_matches(" bits");
            self.line(16, &format!("Public-Key: ({bits} bit)"));
            self.line(16, "Modulus:");
            self.octets(20, 15, &modulus.value);
            let exponent = value("exponent");
            let number = exponent.parse::<u64>().map(|number| format!(" (0x{number:x})")).unwrap_or_default();
            self.line(16, &format!("Exponent: {exponent}{number}"));
            return;
        }
        for (name, title) in [("point", "pub:"), ("key", "pub:")] {
            if let Some(part) = field.part(name) {
                self.line(16, &format!("Public-Key: ({})", field.value));
                self.line(16, title);
                self.octets(20, 15, &part.value);
            }
        }
    }

    fn extension(&mut self, field: &Field) {
        let critical = field.part("critical").is_some_and(|part| part.value == "TRUE");
        let mark = if critical { " critical" } else { "" };
        let dotted = field.part("identifier").map(|part| part.value.as_str()).unwrap_or_default();
        let title = title(dotted).map_or_else(|| field.name.to_string(), |title| format!("X509v3 {title}"));
        self.line(12, &format!("{title}:{mark}"));
        let value = field.value.strip_prefix("critical, ").unwrap_or(&field.value);
        let list = field.part("value").map(|part| part.parts.as_slice()).unwrap_or_default();
        match field.name.as_ref() {
            "keyUsage" | "extendedKeyUsage" => {
                let words: Vec<&str> = value.split(", ").map(usage).collect();
                self.line(16, &words.join(", "));
            }
            "basicConstraints" => self.line(16, &value.replace("pathLen", "pathlen")),
            "subjectAltName" => self.line(16, &value.replace("IP:", "IP Address:")),
            "certificatePolicies" => {
                list.iter().for_each(|policy| self.line(16, &format!("Policy: {}", policy.value)))
            }
            "cRLDistributionPoints" => {
                for point in list {
                    self.line(16, "Full Name:");
                    self.line(20, &point.value);
                }
            }
            "authorityInfoAccess" => {
                list.iter().for_each(|one| self.line(16, &one.value.replacen(' ', " - ", 1)))
            }
            _ => self.line(16, value),
        }
    }

    fn revoked(&mut self, field: &Field) {
        self.line(0, "Revoked Certificates:");
        for one in &field.parts {
            let part = |name: &str| one.part(name);
            let serial = part("serialNumber").and_then(|serial| serial.part("hexadecimal"));
            let serial = serial.map(|serial| serial.value.replace(':', "")).unwrap_or_default();
            let since = part("revocationDate").map(|since| moment(&since.value)).unwrap_or_default();
            self.line(4, &format!("Serial Number: {serial}"));
            self.line(8, &format!("Revocation Date: {since}"));
        }
    }
}

/// `O = system:masters, CN = kube-admin`.
fn name(field: &Field) -> String {
    let spaced = |part: &Field| part.value.replacen('=', " = ", 1);
    field.parts.iter().map(spaced).collect::<Vec<_>>().join(", ")
}

/// `Nov 23 18:54:01 2026 GMT`.
fn moment(text: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) else { return text.to_owned() };
    let month = MONTHS.get(usize::from(u8::from(at.month()) - 1)).copied().unwrap_or_default();
    format!("{month} {:2} {:02}:{:02}:{:02} {} GMT", at.day(), at.hour(), at.minute(), at.second(), at.year())
}

/// The titles of openssl for the extensions of RFC 5280.
fn title(dotted: &str) -> Option<&'static str> {
    Some(match dotted.strip_prefix("2.5.29.")? {
        "14" => "Subject Key Identifier",
        "15" => "Key Usage",
        "16" => "Private Key Usage Period",
        "17" => "Subject Alternative Name",
        "18" => "Issuer Alternative Name",
        "19" => "Basic Constraints",
        "20" => "CRL Number",
        "27" => "Delta CRL Indicator",
        "28" => "Issuing Distribution Point",
        "30" => "Name Constraints",
        "31" => "CRL Distribution Points",
        "32" => "Certificate Policies",
        "33" => "Policy Mappings",
        "35" => "Authority Key Identifier",
        "36" => "Policy Constraints",
        "37" => "Extended Key Usage",
        "46" => "Freshest CRL",
        "54" => "Inhibit Any Policy",
        _ => return None,
    })
}

/// openssl's words for usages.
fn usage(word: &str) -> &str {
    match word {
        "digitalSignature" => "Digital Signature",
        "nonRepudiation" => "Non Repudiation",
        "keyEncipherment" => "Key Encipherment",
        "dataEncipherment" => "Data Encipherment",
        "keyAgreement" => "Key Agreement",
        "keyCertSign" => "Certificate Sign",
        "cRLSign" => "CRL Sign",
        "encipherOnly" => "Encipher Only",
        "decipherOnly" => "Decipher Only",
        "serverAuth" => "TLS Web Server Authentication",
        "clientAuth" => "TLS Web Client Authentication",
        "codeSigning" => "Code Signing",
        "emailProtection" => "E-mail Protection",
        "timeStamping" => "Time Stamping",
        "OCSPSigning" => "OCSP Signing",
        "anyExtendedKeyUsage" => "Any Extended Key Usage",
        other => other,
    }
}
