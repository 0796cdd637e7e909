//! Any bytes to the parsers: what the judge reads, and what is shown.

use dojang::trust::{Certificate, Roots, pem_certificates};
use dojang::x509;

use super::sound::safe;

/// Runs one input.
pub fn run(input: &[u8]) {
    trusted(input);
    shown(input);
    let ders = pem_certificates(input);
    for der in ders.iter().take(8) {
        trusted(der);
        shown(der);
    }
    let roots = Roots::from_pem(input);
    assert!(roots.certificates().len() <= ders.len());
}

/// The judge's parser.
fn trusted(der: &[u8]) {
    let certificate = match Certificate::parse(der) {
        Ok(certificate) => certificate,
        Err(error) => return safe(&error.to_string()),
    };
    assert_eq!(certificate.der(), der, "it is not what was read");
    // What Go reads is shown.
    assert!(x509::certificate_fields(der).is_ok(), "it is read and not shown");
    assert_eq!(Certificate::parse(certificate.der()).as_ref(), Ok(&certificate));
    assert!((1..=3).contains(&certificate.version()));
    assert!(certificate.serial().bytes().all(|byte| byte.is_ascii_digit()) || der.len() > 1024);
    for name in [certificate.subject(), certificate.issuer()] {
        let _ = (name.to_string(), name.in_order(), name.organizations());
    }
    let _ = (certificate.uris().count(), certificate.is_ca(), certificate.check_signed(&certificate));
    let critical = certificate.extensions().iter().filter(|extension| extension.critical).count();
    assert!(certificate.unhandled_critical_extensions().len() <= critical);
}

/// The fields that are shown.
fn shown(bytes: &[u8]) {
    let all = [x509::certificate_fields(bytes), x509::request_fields(bytes)];
    let items = x509::inspect(bytes);
    if let Err(error) = &items {
        safe(&error.to_string());
    }
    let inspected = items.into_iter().flatten().map(|item| Ok(item.document().fields));
    for fields in all.into_iter().chain(inspected) {
        match fields {
            Ok(fields) => {
                for field in fields {
                    safe(&field.name);
                    safe(&field.value);
                }
            }
            Err(error) => safe(&error.to_string()),
        }
    }
    if let Ok(subject) = x509::subject(bytes) {
        safe(&subject);
    }
    let _ = (x509::public_key_info(bytes), x509::request_public_key_info(bytes), x509::issuer_fields(bytes));
    let _ = x509::is_signed_by(bytes, bytes);
    if let Err(error) = x509::read_kubeconfig(&String::from_utf8_lossy(bytes)) {
        safe(&error.to_string());
    }
}
