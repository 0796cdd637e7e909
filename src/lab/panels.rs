//! What stands beside a step: made from the plan and what is on disk.

use super::change::Changed;
use super::engine::Lab;
use super::{
    ArtifactView, ConnectionView, Edge, FieldView, LabError, Panel, RequestView, ToolCommands, Trusts,
};
use crate::blueprint::{Connection, HostName, Usage, resolve_certificate};
use crate::lesson::{Action, Connect, Show, Step, Verify, Words};
use crate::pki::recipe::recipes;
use crate::workspace::{authority_chain, credential};
use crate::x509::{Field, certificate_fields, subject};

impl Lab {
    /// What a step shows before it is done.
    ///
    /// # Errors
    /// It names a component or artifact that the cluster does not have, or a file cannot be
    /// read.
    pub fn panels(&self, step: &Step) -> Result<Vec<Panel>, LabError> {
        let run = match &step.action {
            Action::Run(run) => Some(Ok(Panel::Terminal(Self::planned_run(run)))),
            Action::Request(request) => Some(Ok(Panel::Request(Box::new(RequestView::planned(request))))),
            _ => None,
        };
        let own = step.action.connection();
        let panel = |show: &Show| match (show, own) {
            // The step's own connection, with what is special about it.
            (Show::Connection { client, server }, Some(connect))
                if *client == connect.client && *server == connect.server =>
            {
                Ok(Panel::Connection(Box::new(self.planned_step(connect)?)))
            }
            _ => self.panel(show),
        };
        run.into_iter().chain(step.show.iter().map(panel)).collect()
    }

    pub(super) fn panel(&self, show: &Show) -> Result<Panel, LabError> {
        Ok(match show {
            Show::Commands(id) => Panel::Commands(self.commands(id)?),
            Show::Artifact { id, focus } => Panel::Artifact(self.artifact(id, focus)?),
            Show::Connection { client, server } => {
                Panel::Connection(Box::new(self.planned(&self.plan.connect(client, server)?)))
            }
            Show::Chain(id) => Panel::Chain(self.chain(id)?),
            Show::Request(id) => Panel::Artifact(self.request(id)?),
            Show::File { name, focus } => Panel::File(self.file(name, focus)?),
            Show::Trust => Panel::Trust(self.holders()),
            Show::Cluster => Panel::Cluster(self.edges()),
            Show::Kinds => Panel::Kinds(self.kinds()),
        })
    }

    /// The commands by which others make an artifact.
    ///
    /// # Errors
    /// There is no such artifact.
    pub fn commands(&self, id: &str) -> Result<Vec<ToolCommands>, LabError> {
        let id = resolve_certificate(&self.plan, id)?;
        let tool = |recipe: crate::pki::recipe::Recipe| ToolCommands {
            tool: recipe.tool.name().to_owned(),
            lines: recipe.lines,
            note: Words { en: recipe.note_en.unwrap_or_default(), ko: recipe.note_ko.unwrap_or_default() },
        };
        Ok(recipes(&self.plan, &id).into_iter().map(tool).collect())
    }

    /// An artifact as it is on disk, or as it is planned.
    ///
    /// # Errors
    /// There is no such artifact, or its file does not read.
    pub fn artifact(&self, id: &str, focus: &[String]) -> Result<ArtifactView, LabError> {
        let id = resolve_certificate(&self.plan, id)?;
        let (path, made) = match (self.plan.authority(&id), self.plan.certificate(&id)) {
            (Some(authority), _) => {
                let made =
                    authority_chain(self.store(), &self.plan, &id).ok().and_then(|c| c.into_iter().next());
                (authority.place.certificate.clone(), made)
            }
            (None, Some(leaf)) => {
                let made =
                    credential(self.store(), &self.plan, &id).ok().and_then(|c| c.chain.into_iter().next());
                (leaf.file().to_owned(), made)
            }
            (None, None) => (id.clone(), None),
        };
        let fields = match &made {
            Some(der) => certificate_fields(der)?,
            None => self.planned_fields(&id),
        };
        let fields = fields.into_iter().map(|field| view(field, focus, None)).collect();
        Ok(ArtifactView { id, path, made: made.is_some(), der: made, fields })
    }

    /// A changed artifact beside what it was.
    pub(super) fn changed_artifact(&self, changed: &Changed) -> Result<ArtifactView, LabError> {
        let before = certificate_fields(&changed.before)?;
        let after = certificate_fields(&changed.after)?;
        // What every certificate has anew says nothing about the change.
        let always = ["serialNumber"];
        let was = |name: &str| before.iter().find(|f| f.name == name).map(|f| f.value.clone());
        let mut fields: Vec<FieldView> = after
            .iter()
            .map(|field| {
                let old = was(&field.name)
                    .filter(|old| *old != field.value && !always.contains(&field.name.as_ref()));
                let old = old.filter(|old| !within_minutes(&field.name, old, &field.value));
                // A field that was not there at all is as much of a change.
                let added = was(&field.name).is_none().then(|| "-".to_owned());
                view(field.clone(), &[], old.or(added))
            })
            .collect();
        for gone in before.into_iter().filter(|old| !after.iter().any(|new| new.name == old.name)) {
            let name = gone.name.clone();
            fields.push(view(Field::planned(name, "-"), &[], Some(gone.value)));
        }
        for field in &mut fields {
            field.focus = field.before.is_some();
        }
        let path = match self.plan.certificate(&changed.id) {
            Some(leaf) => leaf.file().to_owned(),
            None => self.plan.authority(&changed.id).map(|a| a.place.certificate.clone()).unwrap_or_default(),
        };
        let der = Some(changed.after.clone());
        Ok(ArtifactView { id: changed.id.clone(), path, made: true, der, fields })
    }

    /// The fields that are known before a certificate is made.
    pub(super) fn planned_fields(&self, id: &str) -> Vec<Field> {
        let field = |name: &'static str, value: String| Field::planned(name, value);
        let joined = |subject: &crate::blueprint::Subject| {
            subject.attributes().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
        };
        if let Some(authority) = self.plan.authority(id) {
            let name = joined(&authority.subject);
            return vec![
                field("issuer", name.clone()),
                field("subject", name),
                field("basicConstraints", "critical, CA:TRUE".into()),
            ];
        }
        let Some(leaf) = self.plan.certificate(id) else { return Vec::new() };
        let usages = leaf.usages.iter().map(|usage| match usage {
            Usage::Server => "serverAuth",
            Usage::Client => "clientAuth",
        });
        let names = leaf.names.iter().map(|name| match name {
            HostName::Dns(name) => format!("DNS:{name}"),
            HostName::Ip(address) => format!("IP:{address}"),
        });
        let issuer = self.plan.authority(&leaf.authority).map(|a| joined(&a.subject)).unwrap_or_default();
        let mut fields = vec![
            field("issuer", issuer),
            field("subject", joined(&leaf.subject)),
            field("extendedKeyUsage", usages.collect::<Vec<_>>().join(", ")),
        ];
        if !leaf.names.is_empty() {
            fields.push(field("subjectAltName", names.collect::<Vec<_>>().join(", ")));
        }
        fields
    }

    /// A step's connection before it has happened.
    fn planned_step(&self, connect: &Connect) -> Result<ConnectionView, LabError> {
        let (connection, _) = self.connection(connect)?;
        let mut view = self.planned(&connection);
        match connect.verify {
            Some(Verify::Off) => view.client_trusts = Trusts::Unchecked,
            Some(Verify::WithoutCa) => view.client_trusts = Trusts::Nobody,
            None => {}
        }
        if !connect.client_auth {
            view.server_trusts = Trusts::Unchecked;
        }
        Ok(view)
    }

    /// A connection before it has happened.
    fn planned(&self, connection: &Connection) -> ConnectionView {
        let name = |id: &str| {
            let chain = credential(self.store(), &self.plan, id).ok().map(|c| c.chain);
            let made = chain.and_then(|chain| chain.first().and_then(|leaf| subject(leaf).ok()));
            made.or_else(|| {
                self.planned_fields(id).into_iter().find(|f| f.name == "subject").map(|f| f.value)
            })
        };
        let authority = |id: &str| {
            self.plan.authority(id).map(|a| a.subject.common_name.clone()).unwrap_or_else(|| id.to_owned())
        };
        ConnectionView {
            client: connection.client_name(),
            server: connection.server.id(),
            port: connection.server.port,
            client_subject: connection.credential.as_deref().and_then(name),
            server_subject: name(&connection.server.certificate).unwrap_or_default(),
            server_name: connection.server_name.to_string(),
            client_trusts: connection
                .trusts
                .as_deref()
                .map(authority)
                .map_or(Trusts::Unchecked, Trusts::Authority),
            server_trusts: Trusts::Authority(authority(&connection.server.client_authority)),
            request: connection.request.clone(),
            outcome: None,
        }
    }

    /// The connections of the cluster, as its map shows them.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let edge = |connection: &Connection| Edge {
            client: connection.client_name(),
            server: connection.server.id(),
            port: connection.server.port,
            credential: connection.credential.clone().unwrap_or_default(),
            presented: connection.server.certificate.clone(),
        };
        self.plan.connections.iter().map(edge).collect()
    }

    /// Certificates by what they may be used for, in the field's words.
    fn kinds(&self) -> Vec<(String, Vec<String>)> {
        let of = |server: bool, client: bool| -> Vec<String> {
            let usages = |c: &&crate::blueprint::Certificate| {
                c.usages.contains(&Usage::Server) == server && c.usages.contains(&Usage::Client) == client
            };
            self.plan.certificates.iter().filter(usages).map(crate::blueprint::Certificate::id).collect()
        };
        vec![
            ("serverAuth".into(), of(true, false)),
            ("clientAuth".into(), of(false, true)),
            ("serverAuth, clientAuth".into(), of(true, true)),
            ("CA:TRUE".into(), self.plan.authorities.iter().map(|a| a.id.clone()).collect()),
        ]
    }
}

pub(super) fn view(field: Field, focus: &[String], before: Option<String>) -> FieldView {
    let name = field.name.into_owned();
    FieldView { focus: focus.contains(&name), name, value: field.value, before }
}

/// Two moments that differ only because a certificate was made a little later.
pub(super) fn within_minutes(name: &str, before: &str, after: &str) -> bool {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let moment = |text| OffsetDateTime::parse(text, &Rfc3339).ok();
    match (name, moment(before), moment(after)) {
        ("notBefore" | "notAfter", Some(before), Some(after)) => {
            (after - before).abs() < time::Duration::hours(12)
        }
        _ => false,
    }
}
