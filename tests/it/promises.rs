//! The tests that `docs/promises.md` names are there; that each fails when its promise is broken was tried by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The file of a module of this binary.
fn file_of(module: &[&str]) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it")
        .join(module.join("/"));
    let file = path.with_extension("rs");
    if file.exists() {
        file
    } else {
        path.join("mod.rs")
    }
}

#[test]
fn each_promise_has_a_test_that_guards_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/promises.md");
    let document = std::fs::read_to_string(path).expect("the document");
    let mut promises = BTreeSet::new();
    for line in document.lines() {
        if let Some(letter) = line.strip_prefix("| (") {
            promises.extend(letter.chars().next());
        }
        let named = line.split('`').skip(1).step_by(2);
        for test in named.filter(|name| name.contains("::")) {
            let mut module: Vec<&str> = test.split("::").collect();
            let name = module.pop().expect("a name");
            let file = file_of(&module);
            let source = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{test}: {}: {error}", file.display()));
            assert!(
                source.contains(&format!("fn {name}(")),
                "there is no {test}"
            );
        }
    }
    assert_eq!(promises, ('a'..='l').collect());
}
