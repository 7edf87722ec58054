//! Follows the links of a staged tree.

use super::{
    AdmitError, Staged, TreePath,
    staged::{StagedContent, StagedItem},
};

/// How many links may lead from one to the next.
const MAX_LINKS: usize = 8;

/// The file that a link leads to, over other links if there are any.
pub(super) fn link_end<'s>(
    staged: &'s Staged,
    link: &'s StagedItem,
) -> Result<&'s StagedItem, AdmitError> {
    let mut item = link;
    let refuse = |target: &str, why| {
        let (path, target) = (link.path.clone(), target.to_owned());
        AdmitError::Link { path, target, why }
    };
    for _ in 0..=MAX_LINKS {
        match &item.content {
            StagedContent::File { .. } => return Ok(item),
            StagedContent::Link(target) => {
                let to = item.path.parse::<TreePath>()?.follow(target)?;
                let next = staged.items.iter().find(|item| item.path == to.as_str());
                item = next.ok_or_else(|| refuse(target, "there is no such file in the tree"))?;
            }
        }
    }
    Err(refuse(&item.path, "it leads over too many links"))
}
