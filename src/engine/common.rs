//! What the engines of all accounts over one catalog have alike: made once, with the catalog, and
//! shared. An account of a few people then takes little beyond its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::load::{read_settings, system_roles};
use super::positions::Positions;
use super::reads::Reads;
use super::rights::Planes;
use super::roles::{Packages, Role, Roles};
use super::sets::Sets;
use super::{Asked, UsedIds};
use crate::catalog::Model;
use crate::document::problem::{Path, Report, Source};
use crate::names::{Numbered, Registry};

/// The system roles as they are where no setting says otherwise, and parts that are empty in many
/// accounts.
#[derive(Default)]
pub(crate) struct Common {
    pub(super) asked: Arc<[Asked]>,
    pub(super) reads: Reads,
    /// The adjustable permissions, each with the system role that has it by default (D13).
    pub(super) default_settings: Vec<(u16, u16)>,
    pub(super) system_roles: Vec<Arc<Role>>,
    /// Of nobody's roles.
    pub(super) no_rights: Arc<Planes>,
    pub(super) settings: Arc<BTreeMap<String, String>>,
    pub(super) used: Arc<UsedIds>,
    /// The system roles by name.
    pub(crate) roles: Arc<Roles>,
    pub(super) packages: Arc<Packages>,
    pub(super) positions: Arc<Positions>,
    pub(super) sets: Arc<Sets>,
}

impl Common {
    pub(crate) fn of(model: &Model) -> Common {
        let source = Source::default();
        let mut report = Report::new(&source);
        let nothing = BTreeMap::new();
        let default_settings =
            read_settings(model, model.version, &nothing, &Path::ROOT, &mut report);
        let system_roles = system_roles(model, &default_settings);
        let names = Registry::over(Arc::clone(&model.role_names), model.role_names.like(0));
        Common {
            asked: Asked::of(model),
            reads: Reads::of(model),
            roles: Arc::new(Roles::default().with(names, system_roles.clone())),
            system_roles,
            default_settings,
            no_rights: Arc::new(Planes::none(model.permissions.len())),
            ..Common::default()
        }
    }
}
