//! Reads the modules of a crate: what each file defines, and which other files of the crate it imports.
//!
//! An import is a `use` declaration or a path in code. Its target is the file that defines the item, found through
//! re-exports. `mod` declarations and re-exports (`pub use`) are no imports. Test modules are left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Item, UseTree, Visibility};

/// How many re-exports are followed for one path; more would be an endless chain.
const CHAIN: u32 = 32;

/// The modules of one crate target, by their paths; the root's path is empty.
pub(super) struct Modules(BTreeMap<ModulePath, Module>);

type ModulePath = Vec<String>;

/// A module in a file of its own, or an inline one.
#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    items: BTreeSet<String>,
    /// Imported and re-exported names, and the paths they stand for.
    names: BTreeMap<String, Vec<String>>,
    /// Paths of modules whose names are imported by `*`.
    globs: Vec<Vec<String>>,
    /// Paths that count as imports.
    imports: Vec<Vec<String>>,
}

/// A type that a crate defines.
pub(super) struct TypeName {
    pub(super) name: String,
    pub(super) file: PathBuf,
    /// Whether it exists only under some configuration.
    pub(super) conditional: bool,
}

impl Modules {
    /// Reads the target whose root is `file`, such as `src/lib.rs`.
    pub(super) fn read(file: &Path) -> Self {
        let mut modules = Self(BTreeMap::new());
        modules.add_file(Vec::new(), file);
        modules
    }

    /// The imports between files, each as (importing file, imported file).
    pub(super) fn imports(&self) -> BTreeSet<(PathBuf, PathBuf)> {
        let mut found = BTreeSet::new();
        for (path, module) in &self.0 {
            for import in &module.imports {
                if let Some(file) = self.resolve(path, import, CHAIN)
                    && *file != module.file
                {
                    found.insert((module.file.clone(), file.clone()));
                }
            }
        }
        found
    }

    /// The first component of the path of the module that a file holds; `None` for the root.
    pub(super) fn top_level(&self, file: &Path) -> Option<&str> {
        let (path, _) = self.0.iter().find(|(_, module)| module.file == file)?;
        path.first().map(String::as_str)
    }

    fn add_file(&mut self, path: ModulePath, file: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        self.add(path, file, folder_of_children(file), parsed.items);
    }

    /// Adds a module with these items; its child modules are files in `folder`.
    fn add(&mut self, path: ModulePath, file: &Path, folder: PathBuf, items: Vec<Item>) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        for item in items.into_iter().filter(|item| !is_for_tests(attributes(item))) {
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    module.children.insert(name.clone());
                    let mut below = path.clone();
                    below.push(name.clone());
                    match child.content {
                        Some((_, items)) => self.add(below, file, folder.join(&name), items),
                        None => {
                            let given =
                                path_attribute(&child.attrs).map(|p| file.with_file_name(p));
                            let found = given.unwrap_or_else(|| file_of_child(&folder, &name));
                            self.add_file(below, &found);
                        }
                    }
                }
                Item::Use(import) => {
                    let reexports = !matches!(import.vis, Visibility::Inherited);
                    module.add_use(&import.tree, Vec::new(), reexports);
                }
                other => module.add_item(&other),
            }
        }
        self.0.insert(path, module);
    }

    /// The file that defines what `path` names in the module `from`; `None` for other crates.
    fn resolve(&self, from: &[String], path: &[String], chain: u32) -> Option<&PathBuf> {
        let (first, rest) = path.split_first()?;
        let module = self.0.get(from)?;
        match first.as_str() {
            "crate" => self.walk(&[], rest, chain),
            "self" => self.walk(from, rest, chain),
            "super" => self.walk(from.split_last()?.1, rest, chain),
            _ if module.knows(first) => self.walk(from, path, chain),
            _ => module
                .globs
                .iter()
                .find_map(|glob| self.resolve_glob(from, glob, path, chain.checked_sub(1)?)),
        }
    }

    fn resolve_glob(
        &self,
        from: &[String],
        glob: &[String],
        path: &[String],
        chain: u32,
    ) -> Option<&PathBuf> {
        let module = self.module(from, glob, chain)?;
        if !self.0.get(&module)?.knows(path.first()?) {
            return None;
        }
        self.walk(&module, path, chain)
    }

    /// The module that a path names, if it is one of this crate's.
    fn module(&self, from: &[String], path: &[String], chain: u32) -> Option<ModulePath> {
        let mut current = from.to_vec();
        for (index, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" => current.clear(),
                "self" => {}
                "super" => drop(current.pop()?),
                _ if self.0.get(&current)?.children.contains(part) => current.push(part.clone()),
                _ => {
                    let target = self.0.get(&current)?.names.get(part)?;
                    let mut whole = target.clone();
                    whole.extend_from_slice(&path[index + 1..]);
                    return self.module(&current, &whole, chain.checked_sub(1)?);
                }
            }
        }
        Some(current)
    }

    /// Follows a path from a module downwards.
    fn walk(&self, from: &[String], path: &[String], chain: u32) -> Option<&PathBuf> {
        let module = self.0.get(from)?;
        let Some((first, rest)) = path.split_first() else { return Some(&module.file) };
        if first == "super" {
            return self.walk(from.split_last()?.1, rest, chain);
        }
        if module.children.contains(first) {
            let mut below = from.to_vec();
            below.push(first.clone());
            return self.walk(&below, rest, chain);
        }
        if module.items.contains(first) {
            return Some(&module.file);
        }
        if let Some(target) = module.names.get(first) {
            let mut whole = target.clone();
            whole.extend_from_slice(rest);
            return self.resolve(from, &whole, chain.checked_sub(1)?);
        }
        let glob = module.globs.iter();
        let mut found =
            glob.filter_map(|glob| self.resolve_glob(from, glob, path, chain.checked_sub(1)?));
        found.next().or(Some(&module.file))
    }
}

impl Module {
    fn knows(&self, name: &str) -> bool {
        self.children.contains(name) || self.items.contains(name) || self.names.contains_key(name)
    }

    fn add_use(&mut self, tree: &UseTree, mut path: Vec<String>, reexports: bool) {
        let (name, path) = match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                return self.add_use(&inner.tree, path, reexports);
            }
            UseTree::Group(group) => {
                return group
                    .items
                    .iter()
                    .for_each(|tree| self.add_use(tree, path.clone(), reexports));
            }
            UseTree::Glob(_) => {
                self.globs.push(path.clone());
                (None, path)
            }
            UseTree::Name(name) if name.ident == "self" => (path.last().cloned(), path),
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                (Some(name.ident.to_string()), path)
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    path.push(rename.ident.to_string());
                }
                (Some(rename.rename.to_string()), path)
            }
        };
        if let Some(name) = name {
            self.names.insert(name, path.clone());
        }
        if !reexports {
            self.imports.push(path);
        }
    }

    fn add_item(&mut self, item: &Item) {
        if let Some(name) = defined_name(item) {
            self.items.insert(name);
        }
        let mut paths = Vec::new();
        collect_paths(item.to_token_stream(), &mut paths);
        self.imports.extend(paths);
    }
}

/// Every sequence `a::b::c` of a token stream, inside macros too. `use` declarations inside functions are sequences
/// as well, except for their groups, whose common prefix still names the module.
fn collect_paths(tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    let mut finish = |path: &mut Vec<String>| {
        if path.len() > 1 {
            found.push(std::mem::take(path));
        } else {
            path.clear();
        }
    };
    let mut groups = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    finish(&mut path);
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            TokenTree::Group(group) => {
                finish(&mut path);
                colons = 0;
                groups.push(group.stream());
            }
            _ => {
                finish(&mut path);
                colons = 0;
            }
        }
    }
    finish(&mut path);
    groups.into_iter().for_each(|group| collect_paths(group, found));
}

fn defined_name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Union(item) => item.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        _ => return None,
    })
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item exists in tests only: `#[cfg(test)]`, `#[cfg(all(test, …))]`.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.to_token_stream().to_string().replace(' ', "");
        condition == "cfg(test)" || condition.starts_with("cfg(all(test,")
    })
}

/// Where the files of a file's child modules are: `a/` for `a.rs`, the file's own folder for `mod.rs` and roots.
fn folder_of_children(file: &Path) -> PathBuf {
    let folder = file.parent().expect("a file is in a folder");
    match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") | None => folder.to_owned(),
        Some(stem) => folder.join(stem),
    }
}

/// The path that `#[path = "…"]` gives.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let text = pair.value.to_token_stream().to_string();
        pair.path.is_ident("path").then(|| text.trim_matches('"').to_owned())
    })
}

fn file_of_child(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.rs"));
    if file.is_file() { file } else { folder.join(name).join("mod.rs") }
}

/// The structs, enums, traits and unions that a file defines outside tests, in modules and functions alike.
pub(super) fn type_names(file: &Path) -> Vec<TypeName> {
    struct Types<'a> {
        file: &'a Path,
        conditional: bool,
        found: Vec<TypeName>,
    }
    impl<'ast> syn::visit::Visit<'ast> for Types<'_> {
        fn visit_item(&mut self, item: &'ast Item) {
            if is_for_tests(attributes(item)) {
                return;
            }
            let before = self.conditional;
            self.conditional |= attributes(item).iter().any(|a| a.path().is_ident("cfg"));
            if matches!(item, Item::Struct(_) | Item::Enum(_) | Item::Trait(_) | Item::Union(_)) {
                let name = defined_name(item).expect("these have names");
                let (file, conditional) = (self.file.to_owned(), self.conditional);
                self.found.push(TypeName { name, file, conditional });
            }
            syn::visit::visit_item(self, item);
            self.conditional = before;
        }
    }
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut types = Types { file, conditional: false, found: Vec::new() };
    syn::visit::Visit::visit_file(&mut types, &parsed);
    types.found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate of these files, and its imports by file stem.
    fn imports(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let stem = |path: PathBuf| {
            let below = path.strip_prefix(folder.path()).unwrap().to_owned();
            below.with_extension("").display().to_string()
        };
        let modules = Modules::read(&folder.path().join("lib.rs"));
        let mut imports: Vec<_> =
            modules.imports().into_iter().map(|(from, to)| (stem(from), stem(to))).collect();
        imports.sort();
        imports
    }

    fn edge(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn imports_lead_to_the_file_that_defines() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; pub use b::Thing; pub fn here() {}"),
            (
                "a.rs",
                "use crate::Thing; fn f() { crate::here(); let _ = std::mem::size_of::<u8>(); }",
            ),
            ("b/mod.rs", "mod c; pub use c::Thing; mod d;"),
            ("b/c.rs", "pub struct Thing;"),
            ("b/d.rs", "use super::c; fn f() { matches!(1, c::X); super::super::here() }"),
        ]);
        assert_eq!(
            found,
            [edge("a", "b/c"), edge("a", "lib"), edge("b/d", "b/c"), edge("b/d", "lib")]
        );
    }

    #[test]
    fn a_parent_and_its_child_can_import_each_other() {
        let found = imports(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; pub struct A; fn f() { b::g() }"),
            ("a/b.rs", "use super::A; pub fn g() {} #[cfg(test)] mod tests { use crate::a; }"),
        ]);
        assert_eq!(found, [edge("a", "a/b"), edge("a/b", "a")]);
    }

    #[test]
    fn names_imported_by_a_star_are_found() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; mod prelude;"),
            ("a.rs", "use crate::prelude::*; fn f() -> u8 { Thing::new() }"),
            ("b.rs", "pub struct Thing;"),
            ("prelude.rs", "pub use crate::b::Thing;"),
        ]);
        assert_eq!(found, [edge("a", "b"), edge("a", "prelude")]);
    }
}
