//! Kubeconfigs with `kubectl config`.

use crate::blueprint::{Kubeconfig, Plan};

use super::shell::{command, make_directories, quote};
use super::{Files, Notes, Recipe, Tool};

/// None if the plan has no such certificate or authority.
pub(super) fn kubeconfig(plan: &Plan, kubeconfig: &Kubeconfig) -> Option<Recipe> {
    let certificate = plan.certificate(&kubeconfig.certificate)?;
    let files = Files::of_certificate(certificate);
    // What the client verifies is the API server's certificate.
    let server = plan.certificate("apiserver").unwrap_or(certificate);
    let authority = plan.authority(&server.authority)?;
    let file = format!("--kubeconfig={}", quote(&kubeconfig.path));
    let cluster = &plan.spec.name;
    let user = &kubeconfig.user;
    let context = quote(&format!("{user}@{cluster}"));

    let mut lines = make_directories([&kubeconfig.path]);
    lines.extend(command(&[
        format!("kubectl config set-cluster {}", quote(cluster)),
        file.clone(),
        format!("--server={}", quote(&kubeconfig.server)),
        format!("--certificate-authority={}", quote(&authority.place.certificate)),
        "--embed-certs".to_owned(),
    ]));
    lines.extend(command(&[
        "kubectl config set-credentials".to_owned(),
        quote(user),
        file.clone(),
        format!("--client-certificate={}", quote(&files.certificate)),
        format!("--client-key={}", quote(&files.key)),
        "--embed-certs".to_owned(),
    ]));
    lines.extend(command(&[
        "kubectl config set-context".to_owned(),
        context.clone(),
        file.clone(),
        format!("--cluster={}", quote(cluster)),
        format!("--user={}", quote(user)),
    ]));
    lines.extend(command(&["kubectl config use-context".to_owned(), context, file]));
    let mut notes = Notes::default();
    notes.add(
        "--embed-certs writes the files' content into the kubeconfig; without it, only their paths.",
        "--embed-certs를 쓰면 파일 내용이 kubeconfig 안에 들어가요. 없으면 파일 경로만 적혀요.",
    );
    Some(notes.recipe(Tool::Kubectl, lines))
}
