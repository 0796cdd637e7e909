//! Which object belongs to what runs on which node.
//!
//! plugin/pkg/auth/authorizer/node/graph.go.

use std::collections::BTreeMap;

use super::json::Json;
use super::relations::Edges;

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

impl Graph {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn object(number: u64) -> Json {
        let (name, claim, secret, node) = (number % 40, number % 6, number % 11, number % 5);
        let text = if number.is_multiple_of(4) {
            format!(
                r#"{{"apiVersion":"v1","kind":"PersistentVolume","metadata":{{"name":"v{name}"}},"spec":{{"claimRef":{{"namespace":"n","name":"c{claim}"}},"csi":{{"nodeStageSecretRef":{{"name":"s{secret}"}}}}}}}}"#
            )
        } else {
            format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"namespace":"n","name":"p{name}"}},"spec":{{"nodeName":"node{node}","volumes":[{{"persistentVolumeClaim":{{"claimName":"c{claim}"}}}},{{"secret":{{"secretName":"s{secret}"}}}}]}}}}"#
            )
        };
        serde_json::from_str(&text).unwrap()
    }

    fn reaches(edges: &BTreeSet<(Vertex, Vertex)>, from: &Vertex, to: &Vertex) -> bool {
        edges
            .iter()
            .filter(|(start, _)| start == from)
            .any(|(_, next)| next == to || reaches(edges, next, to))
    }

    #[test]
    fn the_search_from_both_ends_finds_what_a_plain_one_does() {
        let (mut graph, mut there) = (Graph::default(), BTreeMap::new());
        let mut found = 0;
        for step in 0..300_u64 {
            let object = object(step * step * 7 + step / 3);
            let place = vertex(Kind::Pod, object.text("kind"), object.text("metadata.name"));
            if let Some(before) = there.remove(&place) {
                graph.remove(&before);
            }
            if !step.is_multiple_of(3) {
                graph.add(&object);
                there.insert(place, object);
            }
            let edges: BTreeSet<_> = there.values().flat_map(|own| Edges::of(own).0).collect();
            for (secret, node) in (0..11).flat_map(|secret| (0..5).map(move |node| (secret, node))) {
                let (from, node) = (vertex(Kind::Secret, "n", &format!("s{secret}")), format!("node{node}"));
                let expected = reaches(&edges, &from, &vertex(Kind::Node, "", &node));
                assert_eq!(graph.relates(from, &node), expected, "step {step}: {secret} {node}");
                found += usize::from(expected);
            }
        }
        assert!(found > 1000);
        there.values().for_each(|own| graph.remove(own));
        assert!(graph.numbers.is_empty() && graph.free.len() == graph.places.len());
    }
}
