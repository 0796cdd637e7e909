//! Which object belongs to what runs on which node.
//!
//! plugin/pkg/auth/authorizer/node/graph.go, pkg/api/v1/pod/util.go.

use std::collections::{BTreeMap, BTreeSet};

use super::json::Json;

/// What kind of object a vertex of the graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A node.
    Node,
    /// A pod.
    Pod,
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A service account.
    ServiceAccount,
    /// A PersistentVolumeClaim.
    Claim,
    /// A PersistentVolume.
    Volume,
    /// A ResourceClaim.
    ResourceClaim,
    /// A VolumeAttachment.
    Attachment,
    /// A ResourceSlice.
    Slice,
}

/// An object: its kind, and its namespace and name with a slash between.
pub(super) type Vertex = (Kind, Box<str>);

pub(super) fn vertex(kind: Kind, namespace: &str, name: &str) -> Vertex {
    (kind, format!("{namespace}/{name}").into())
}

/// Which object is needed by which: edges lead towards nodes, and each is counted by the
/// objects that make it. Thousands of pods may need one object, and vertices are small, so that
/// they can.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    numbers: BTreeMap<Vertex, u32>,
    /// By number.
    places: Vec<Place>,
    /// Numbers that no vertex has any more.
    free: Vec<u32>,
}

/// A vertex's edges.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Where edges lead to, in order, and how many objects make each.
    onwards: Vec<(u32, u32)>,
    /// Where edges come from, in order.
    backwards: Vec<u32>,
}

/// The edges that one object makes, each once.
#[derive(Default)]
struct Edges(BTreeSet<(Vertex, Vertex)>);

impl Graph {
    /// Whether objects of a group and kind relate something to a node.
    pub(super) fn takes(group: &str, kind: &str) -> bool {
        matches!(
            (group, kind),
            ("", "Pod" | "PersistentVolume")
                | ("storage.k8s.io", "VolumeAttachment")
                | ("resource.k8s.io", "ResourceSlice")
        )
    }

    /// Takes an object in, if it is of a kind that relates something to a node.
    pub(super) fn add(&mut self, object: &Json) {
        for (from, to) in Edges::of(object).0 {
            let (from, to) = (self.number(from), self.number(to));
            let Some(place) = self.places.get_mut(from as usize) else { continue };
            match place.onwards.binary_search_by_key(&to, |(own, _)| *own) {
                Ok(at) => place.onwards.iter_mut().skip(at).take(1).for_each(|(_, count)| *count += 1),
                Err(at) => place.onwards.insert(at, (to, 1)),
            }
            let Some(place) = self.places.get_mut(to as usize) else { continue };
            if let Err(at) = place.backwards.binary_search(&from) {
                place.backwards.insert(at, from);
            }
        }
    }

    /// Takes out again what an object put in.
    pub(super) fn remove(&mut self, object: &Json) {
        for (from, to) in Edges::of(object).0 {
            let (Some(&start), Some(&end)) = (self.numbers.get(&from), self.numbers.get(&to)) else {
                continue;
            };
            let Some(place) = self.places.get_mut(start as usize) else { continue };
            let Ok(at) = place.onwards.binary_search_by_key(&end, |(own, _)| *own) else { continue };
            let Some((_, count)) = place.onwards.get_mut(at) else { continue };
            *count -= 1;
            if *count > 0 {
                continue;
            }
            place.onwards.remove(at);
            if let Some(place) = self.places.get_mut(end as usize)
                && let Ok(at) = place.backwards.binary_search(&start)
            {
                place.backwards.remove(at);
            }
            self.release(&from, start);
            self.release(&to, end);
        }
    }

    /// The number of a vertex, which it gets if it has none.
    fn number(&mut self, vertex: Vertex) -> u32 {
        let (places, free) = (&mut self.places, &mut self.free);
        *self.numbers.entry(vertex).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                places.push(Place::default());
                u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
            })
        })
    }

    /// Forgets a vertex without edges.
    fn release(&mut self, vertex: &Vertex, number: u32) {
        let Some(place) = self.places.get_mut(number as usize) else { return };
        if place.onwards.is_empty() && place.backwards.is_empty() {
            *place = Place::default();
            self.numbers.remove(vertex);
            self.free.push(number);
        }
    }

    /// Whether a path leads from the object to the node. The search goes on from whichever end
    /// has fewer edges to look at: thousands of pods need one account, few run on one node.
    pub(super) fn relates(&self, from: Vertex, node: &str) -> bool {
        let goal = self.numbers.get(&vertex(Kind::Node, "", node));
        let (Some(&from), Some(&goal)) = (self.numbers.get(&from), goal) else { return false };
        let mut seen = Marks::of(self.places.len());
        let (mut here, mut there) = (vec![from], vec![goal]);
        seen.mark(from, FORWARD);
        seen.mark(goal, BACKWARD);
        loop {
            let place = |number: &u32| self.places.get(*number as usize);
            let ahead: usize = here.iter().filter_map(place).map(|own| own.onwards.len()).sum();
            let behind: usize = there.iter().filter_map(place).map(|own| own.backwards.len()).sum();
            if ahead == 0 || behind == 0 {
                return false;
            }
            let is_forward = ahead <= behind;
            let (open, own, others) =
                if is_forward { (&mut here, FORWARD, BACKWARD) } else { (&mut there, BACKWARD, FORWARD) };
            let mut next = Vec::new();
            for place in open.iter().filter_map(place) {
                let onwards = place.onwards.iter().map(|(to, _)| *to).filter(|_| is_forward);
                let backwards = place.backwards.iter().copied().filter(|_| !is_forward);
                for number in onwards.chain(backwards) {
                    let marks = seen.mark(number, own);
                    if marks & others != 0 {
                        return true;
                    }
                    if marks & own == 0 {
                        next.push(number);
                    }
                }
            }
            *open = next;
        }
    }
}

const FORWARD: u8 = 1;
const BACKWARD: u8 = 2;

/// From which end each vertex has been seen, two bits each.
struct Marks(Vec<u8>);

impl Marks {
    fn of(vertices: usize) -> Self {
        Self(vec![0; vertices / 4 + 1])
    }

    /// Marks a vertex, and gives the marks that it had before.
    fn mark(&mut self, number: u32, mark: u8) -> u8 {
        let shift = number % 4 * 2;
        let Some(four) = self.0.get_mut(number as usize / 4) else { return mark };
        let before = *four >> shift & (FORWARD | BACKWARD);
        *four |= mark << shift;
        before
    }
}

impl Edges {
    fn of(object: &Json) -> Self {
        let mut edges = Self::default();
        edges.collect(object);
        edges
    }

    fn collect(&mut self, object: &Json) {
        let (namespace, name) = (object.text("metadata.namespace"), object.text("metadata.name"));
        let node_edge = |kind: Kind, node: &str| (vertex(kind, "", name), vertex(Kind::Node, "", node));
        match (group(object.text("apiVersion")), object.text("kind")) {
            ("", "Pod") => self.add_pod(object, namespace, name),
            ("", "PersistentVolume") => self.add_volume(object, name),
            ("storage.k8s.io", "VolumeAttachment") if !object.text("spec.nodeName").is_empty() => {
                let (from, to) = node_edge(Kind::Attachment, object.text("spec.nodeName"));
                self.connect(from, to);
            }
            ("resource.k8s.io", "ResourceSlice") if !object.text("spec.nodeName").is_empty() => {
                let (from, to) = node_edge(Kind::Slice, object.text("spec.nodeName"));
                self.connect(from, to);
            }
            _ => {}
        }
    }

    fn connect(&mut self, from: Vertex, to: Vertex) {
        self.0.insert((from, to));
    }

    fn add_pod(&mut self, pod: &Json, namespace: &str, name: &str) {
        let node = pod.text("spec.nodeName");
        if node.is_empty() {
            return;
        }
        let this = vertex(Kind::Pod, namespace, name);
        self.connect(this.clone(), vertex(Kind::Node, "", node));
        // The pod of a static manifest: a node must not gain access by writing one.
        let is_mirror = |(key, _): &(String, Json)| key == "kubernetes.io/config.mirror";
        if pod.at("metadata.annotations").is_some_and(|all| all.fields().iter().any(is_mirror)) {
            return;
        }
        let mut needed: Vec<(Kind, String)> = Vec::new();
        // Admission fills in the account `default`.
        let account = match pod.text("spec.serviceAccountName") {
            "" => "default",
            account => account,
        };
        needed.push((Kind::ServiceAccount, account.to_owned()));
        for secret in pod.list("spec.imagePullSecrets") {
            needed.push((Kind::Secret, secret.text("name").to_owned()));
        }
        for list in ["spec.initContainers", "spec.containers", "spec.ephemeralContainers"] {
            for container in pod.list(list) {
                needed.extend(of_container(container));
            }
        }
        for volume in pod.list("spec.volumes") {
            needed.extend(of_volume(volume, name));
        }
        for claim in pod.list("spec.resourceClaims") {
            let direct = claim.text("resourceClaimName");
            let made = pod
                .list("status.resourceClaimStatuses")
                .iter()
                .find(|status| status.text("name") == claim.text("name"))
                .map_or("", |status| status.text("resourceClaimName"));
            let claim = if direct.is_empty() { made } else { direct };
            needed.push((Kind::ResourceClaim, claim.to_owned()));
        }
        let extended = pod.text("status.extendedResourceClaimStatus.resourceClaimName");
        needed.push((Kind::ResourceClaim, extended.to_owned()));
        for (kind, needed) in needed.into_iter().filter(|(_, needed)| !needed.is_empty()) {
            self.connect(vertex(kind, namespace, &needed), this.clone());
        }
    }

    fn add_volume(&mut self, volume: &Json, name: &str) {
        if volume.at("spec.claimRef").is_none() {
            return;
        }
        let claim_namespace = volume.text("spec.claimRef.namespace");
        let this = vertex(Kind::Volume, "", name);
        let claim = vertex(Kind::Claim, claim_namespace, volume.text("spec.claimRef.name"));
        self.connect(this.clone(), claim);
        // Secrets that the kubelet itself reads (pkg/api/v1/persistentvolume/util.go).
        for (namespace, secret) in [
            ("spec.azureFile.secretNamespace", "spec.azureFile.secretName"),
            ("spec.cephfs.secretRef.namespace", "spec.cephfs.secretRef.name"),
            ("spec.cinder.secretRef.namespace", "spec.cinder.secretRef.name"),
            ("spec.flexVolume.secretRef.namespace", "spec.flexVolume.secretRef.name"),
            ("spec.rbd.secretRef.namespace", "spec.rbd.secretRef.name"),
            ("spec.scaleIO.secretRef.namespace", "spec.scaleIO.secretRef.name"),
            ("spec.iscsi.secretRef.namespace", "spec.iscsi.secretRef.name"),
            ("spec.storageos.secretRef.namespace", "spec.storageos.secretRef.name"),
            ("spec.csi.nodePublishSecretRef.namespace", "spec.csi.nodePublishSecretRef.name"),
            ("spec.csi.nodeStageSecretRef.namespace", "spec.csi.nodeStageSecretRef.name"),
            ("spec.csi.nodeExpandSecretRef.namespace", "spec.csi.nodeExpandSecretRef.name"),
        ] {
            let (namespace, secret) = (volume.text(namespace), volume.text(secret));
            let namespace = if namespace.is_empty() { claim_namespace } else { namespace };
            if !secret.is_empty() {
                self.connect(vertex(Kind::Secret, namespace, secret), this.clone());
            }
        }
    }
}

/// The group of an `apiVersion`: `apps/v1` is in `apps`, `v1` in the core group.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Secrets and ConfigMaps in a container's environment.
fn of_container(container: &Json) -> Vec<(Kind, String)> {
    let from = container.list("envFrom").iter().flat_map(|source| {
        [
            (Kind::Secret, source.text("secretRef.name").to_owned()),
            (Kind::ConfigMap, source.text("configMapRef.name").to_owned()),
        ]
    });
    let single = container.list("env").iter().flat_map(|variable| {
        [
            (Kind::Secret, variable.text("valueFrom.secretKeyRef.name").to_owned()),
            (Kind::ConfigMap, variable.text("valueFrom.configMapKeyRef.name").to_owned()),
        ]
    });
    from.chain(single).collect()
}

/// What a pod's volume is made of.
fn of_volume(volume: &Json, pod: &str) -> Vec<(Kind, String)> {
    let mut needed = vec![
        (Kind::ConfigMap, volume.text("configMap.name").to_owned()),
        (Kind::Claim, volume.text("persistentVolumeClaim.claimName").to_owned()),
    ];
    for path in [
        "secret.secretName",
        "azureFile.secretName",
        "cephfs.secretRef.name",
        "cinder.secretRef.name",
        "flexVolume.secretRef.name",
        "rbd.secretRef.name",
        "scaleIO.secretRef.name",
        "iscsi.secretRef.name",
        "storageos.secretRef.name",
        "csi.nodePublishSecretRef.name",
    ] {
        needed.push((Kind::Secret, volume.text(path).to_owned()));
    }
    for source in volume.list("projected.sources") {
        needed.push((Kind::Secret, source.text("secret.name").to_owned()));
        needed.push((Kind::ConfigMap, source.text("configMap.name").to_owned()));
    }
    if volume.get("ephemeral").is_some() {
        needed.push((Kind::Claim, format!("{pod}-{}", volume.text("name"))));
    }
    needed
}
