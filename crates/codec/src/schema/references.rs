//! Imports and includes.

use super::document::Document;
use super::error::{SchemaError, SchemaProblem};

/// Checks that imports and includes lead to documents among the sources, and gives included documents
/// without a target namespace that of their includer (part 1, section 4.2.1).
pub(super) fn resolve(documents: &mut [Document]) -> Result<(), SchemaError> {
    let mut chameleons: Vec<(usize, Box<str>)> = Vec::new();
    for document in documents.iter() {
        for node in document.children(0) {
            let kind = document.nodes[node].kind.as_ref();
            match kind {
                "import" => document.only(node, &["namespace", "schemaLocation"])?,
                "include" => document.only(node, &["schemaLocation"])?,
                _ => continue,
            }
            let location = document.nodes[node].attribute("schemaLocation");
            let Some(location) = location else {
                if kind == "include" {
                    return Err(document.invalid(node, "include without schemaLocation"));
                }
                continue;
            };
            let Some(found) = locate(documents, &document.name, location) else {
                return Err(document.error(node, SchemaProblem::Unresolved(format!("{kind} of {location}"))));
            };
            let expected = match kind {
                "import" => document.nodes[node].attribute("namespace").unwrap_or_default(),
                _ if documents[found].target.is_empty() && !document.target.is_empty() => {
                    chameleons.push((found, document.target.clone()));
                    continue;
                }
                _ => &document.target,
            };
            if documents[found].target.as_ref() != expected {
                return Err(document.invalid(node, format!("{location} has another target namespace")));
            }
        }
    }
    for (found, target) in chameleons {
        let document = &mut documents[found];
        if !document.target.is_empty() && document.target != target {
            return Err(document.error(0, SchemaProblem::Unsupported("include into two namespaces".into())));
        }
        for node in &mut document.nodes {
            for (_, name) in &mut node.names {
                if name.namespace.is_empty() {
                    name.namespace = target.clone();
                }
            }
        }
        document.target = target;
    }
    Ok(())
}

/// Keeps the named document and those it leads to, directly or not.
pub(super) fn reachable(name: &str, documents: Vec<Document>) -> Result<Vec<Document>, SchemaError> {
    let Some(root) = documents.iter().position(|document| &*document.name == name) else {
        let problem = SchemaProblem::Unresolved("a document of this name".to_owned());
        return Err(SchemaError { source_name: name.to_owned(), line: 1, problem });
    };
    let mut wanted = vec![false; documents.len()];
    let mut open = vec![root];
    while let Some(number) = open.pop() {
        if std::mem::replace(&mut wanted[number], true) {
            continue;
        }
        let document = &documents[number];
        let locations = document
            .children(0)
            .filter(|node| matches!(document.nodes[*node].kind.as_ref(), "import" | "include"));
        // A reference that leads nowhere is reported when references are resolved.
        open.extend(
            locations
                .filter_map(|node| document.nodes[node].attribute("schemaLocation"))
                .filter_map(|location| locate(&documents, &document.name, location)),
        );
    }
    let mut wanted = wanted.into_iter();
    Ok(documents.into_iter().filter(|_| wanted.next().unwrap_or(false)).collect())
}

/// Finds a document by its place beside the one that refers to it, else by its file name alone.
fn locate(documents: &[Document], from: &str, location: &str) -> Option<usize> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let beside = parts.join("/");
    let file = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    documents
        .iter()
        .position(|document| document.name.trim_start_matches('/') == beside)
        .or_else(|| documents.iter().position(|document| file(&document.name) == file(location)))
}
