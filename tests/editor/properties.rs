//! Over random trees, prerequisites, roles and sequences of actions.

use bailiwick::admin::{Cause, Edit, EditorError, RoleEditor, TickState};
use bailiwick::document::{GrantDocument, PolicyDocument, RoleDocument};
use bailiwick::{Catalog, OnType, Subject};
use proptest::prelude::*;

use super::random::{Action, Ticks, World, actions, grants, world};
use super::{applied, engine};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// From a role of nothing: what is set has what it requires, always.
    #[test]
    fn ticking_a_new_role(world in world(), actions in actions()) {
        let last = run(&world, Vec::new(), &actions);
        for &node in last.keys() {
            for &needed in &world.nodes[node].requires {
                let is_there = last.contains_key(&needed) || !world.is_tickable(needed);
                prop_assert!(is_there, "{node} without {needed}");
            }
        }
    }

    /// From a role of any grants, wildcards and exceptions.
    #[test]
    fn editing_a_written_role(world in world(), grants in grants(), actions in actions()) {
        let written = world.grants(&grants);
        run(&world, written, &actions);
    }
}

fn run(world: &World, written: Vec<GrantDocument>, actions: &[Action]) -> Ticks {
    let catalog = world.catalog();
    let mut policy = PolicyDocument::new(1);
    policy.features = world.features();
    let mut role = RoleDocument::new("role");
    role.grants = written.clone();
    policy.roles.push(role);
    let mut editor = RoleEditor::open(&engine(&catalog, policy.clone()), "role").unwrap();
    assert_eq!(shown(world, &editor), world.ticks(&written));
    // Nodes that some action cleared, narrowed, or changed at all.
    let mut lowered: Vec<usize> = Vec::new();
    let mut moved: Vec<usize> = Vec::new();
    let mut expanded: Vec<GrantDocument> = Vec::new();
    for action in actions {
        let before = editor.clone();
        let was = shown(world, &editor);
        let Some(edit) = act(world, &mut editor, action) else {
            assert_eq!(grants_of(&editor), grants_of(&before));
            continue;
        };
        let now = shown(world, &editor);
        check_changes(world, &was, &now, &edit);
        check_rules(world, &was, &now, &edit, action, &before);
        check_boxes(world, &editor, &now);
        for change in &edit.changes {
            let node = world.index(&change.path);
            moved.push(node);
            if change.after < change.before {
                lowered.push(node);
            }
        }
        for selector in &edit.expanded {
            assert!(grants_of(&before).contains(selector));
            let gives = world.ticks(std::slice::from_ref(selector));
            assert!(
                gives.keys().any(|it| lowered.contains(it)),
                "{selector:?} was not touched"
            );
        }
        expanded.extend(edit.expanded.iter().cloned());
        let mut undone = editor.clone();
        if !edit.changes.is_empty() {
            assert!(undone.undo().is_some());
            assert_eq!(grants_of(&undone), grants_of(&before));
            assert_eq!(shown(world, &undone), was);
        }
    }
    // What was not touched is there as it was written, in the order in which it was.
    let untouched = |grant: &&GrantDocument| {
        let is_single = !grant.select.ends_with('*') && grant.except.is_empty();
        match is_single {
            true => {
                let in_expanded = expanded.iter().any(|it| {
                    world
                        .ticks(std::slice::from_ref(it))
                        .contains_key(&world.index(&grant.select))
                });
                !in_expanded && !moved.contains(&world.index(&grant.select))
            }
            false => !expanded.contains(grant),
        }
    };
    let kept: Vec<&GrantDocument> = written.iter().filter(untouched).collect();
    let final_grants = grants_of(&editor);
    let mut rest = final_grants.iter();
    for grant in kept {
        assert!(
            rest.any(|it| it == grant),
            "{grant:?} is lost of {final_grants:?}"
        );
    }
    check_reloaded(world, &catalog, &policy, &editor);
    shown(world, &editor)
}

fn act(world: &World, editor: &mut RoleEditor, action: &Action) -> Option<Edit> {
    let path = &world.nodes[action.node(world)].path;
    let done = match action.kind {
        0..=3 => editor.check(path, action.scope),
        4 | 5 => editor.uncheck(path),
        6 | 7 => editor.click(path, action.scope),
        8 | 9 => editor.set_one(path, action.scope),
        10 | 11 => editor.clear_one(path),
        12 | 13 => editor.set_scope(path, action.scope?),
        14 => Ok(editor.check_all(action.scope)),
        _ => Ok(editor.uncheck_all()),
    };
    match done {
        Ok(edit) => Some(edit),
        Err(
            EditorError::NotTicked { .. }
            | EditorError::Adjustable { .. }
            | EditorError::Locked { .. },
        ) => {
            assert_eq!(editor.tick(path).unwrap(), None);
            None
        }
        Err(EditorError::ScopeNotOffered { offered, .. }) => {
            assert!(!offered.contains(&action.scope.unwrap()));
            None
        }
        Err(other) => panic!("{other}"),
    }
}

fn shown(world: &World, editor: &RoleEditor) -> Ticks {
    let nodes = editor.nodes();
    nodes
        .filter_map(|it| Some((world.index(it.path), it.tick?)))
        .collect()
}

fn grants_of(editor: &RoleEditor) -> Vec<GrantDocument> {
    editor.grants().cloned().collect()
}

/// The changes that were returned, applied to what was, give what is.
fn check_changes(world: &World, was: &Ticks, now: &Ticks, edit: &Edit) {
    let mut ticks = was.clone();
    for change in &edit.changes {
        let node = world.index(&change.path);
        assert_ne!(change.before, change.after);
        assert_eq!(ticks.get(&node).copied(), change.before);
        match change.after {
            Some(scope) => ticks.insert(node, scope),
            None => ticks.remove(&node),
        };
    }
    assert_eq!(&ticks, now);
}

/// T2 and T4, read naively.
fn check_rules(
    world: &World,
    was: &Ticks,
    now: &Ticks,
    edit: &Edit,
    action: &Action,
    before: &RoleEditor,
) {
    let node = action.node(world);
    let state = before.state(&world.nodes[node].path).unwrap();
    let (asked, sets) = match action.kind {
        0..=3 => (world.subtree(node), true),
        4 | 5 => (world.subtree(node), false),
        6 | 7 => (world.subtree(node), state != TickState::Checked),
        8 | 9 | 12 | 13 => (vec![node], true),
        10 | 11 => (vec![node], false),
        14 => ((0..world.nodes.len()).collect(), true),
        _ => ((0..world.nodes.len()).collect(), false),
    };
    let expected = match sets {
        true => world.naively_set(was, &asked),
        false => world.naively_cleared(was, &asked),
    };
    assert!(
        now.keys().copied().eq(expected),
        "{now:?} after {action:?} of {was:?}"
    );
    for node in 0..world.nodes.len() {
        if !world.is_tickable(node) {
            assert_eq!(was.get(&node), now.get(&node), "{node} is left alone");
        }
    }
    for left in &edit.left_alone {
        assert!(!world.is_tickable(world.index(left.path())));
    }
    for change in &edit.changes {
        let changed = world.index(&change.path);
        let cause = match (asked.contains(&changed), sets) {
            (true, _) => Cause::Asked,
            (false, true) => Cause::Prerequisite,
            (false, false) => Cause::Dependent,
        };
        assert_eq!(change.cause, cause);
        if cause == Cause::Prerequisite {
            assert!(change.after > change.before, "raised, never lowered");
        }
    }
    if !sets {
        return;
    }
    let follow = |it: &usize| asked.contains(it) || was.get(it) != now.get(it);
    for (&set, &scope) in now
        .iter()
        .filter(|(it, _)| follow(it) && world.is_tickable(**it))
    {
        assert!(world.nodes[set].scopes.contains(&scope));
        for needed in world.narrowing(set) {
            let (Some(&reached), true) = (now.get(&needed), world.is_tickable(needed)) else {
                continue;
            };
            let widest = world.nodes[needed].scopes.iter().max().unwrap();
            assert!(reached >= scope.min(*widest), "{needed} narrows {set}");
        }
    }
}

/// T3, node by node.
fn check_boxes(world: &World, editor: &RoleEditor, now: &Ticks) {
    for shown in editor.nodes() {
        let node = world.index(shown.path);
        assert_eq!(shown.is_tickable(), world.is_tickable(node));
        let mut counted = world.subtree(node);
        if counted.iter().any(|it| world.is_tickable(*it)) {
            counted.retain(|it| world.is_tickable(*it));
        } else {
            counted.retain(|it| world.is_locked(*it));
        }
        let set = counted.iter().filter(|it| now.contains_key(it)).count();
        let expected = match set {
            0 => TickState::Unchecked,
            _ if set == counted.len() => TickState::Checked,
            _ => TickState::Partial,
        };
        assert_eq!(shown.state, expected, "{}", shown.path);
    }
}

/// The change, applied to the document and loaded, gives exactly the ticks.
fn check_reloaded(world: &World, catalog: &Catalog, policy: &PolicyDocument, editor: &RoleEditor) {
    let ticks = shown(world, editor);
    let changes = editor.changes();
    assert_eq!(changes.is_empty(), !editor.is_changed());
    let policy = applied(catalog, policy, changes);
    assert_eq!(world.ticks(&policy.roles[0].grants), ticks);
    let engine = engine(catalog, policy);
    assert_eq!(
        shown(world, &RoleEditor::open(&engine, "role").unwrap()),
        ticks
    );
    for (i, node) in world.nodes.iter().enumerate() {
        let Some((r#type, _)) = node.allows else {
            continue;
        };
        let holds = |it: usize| ticks.contains_key(&it) && world.is_tickable(it);
        let effective = holds(i) && world.closure(i).into_iter().all(holds);
        let (r#type, action) = (format!("t{type}"), format!("a{i}"));
        let decision = engine.can_any(Subject::role("role"), &*action, &OnType::named(&r#type));
        assert_eq!(decision.is_allow(), effective, "{}", node.path);
    }
}
