//! Changes to features, adjustable settings and used ids.

use super::super::authority::Target;
use super::super::change::UsedIdKind;
use super::super::refusal::{Named, Refusal};
use super::bearers::Covered;
use super::{Transaction, find, validated};
use crate::document::problem::quoted;
use crate::document::{ChangeKind, ProblemCode};
use crate::engine::read_settings;

impl Transaction {
    pub(super) fn enable_feature(&mut self, feature: &str) -> Result<(), Refusal> {
        let model = self.before.model();
        let number = find(&model.feature_names, feature, Named::Feature)?;
        self.refuse_retired_feature(number, feature)?;
        let mut features = self.now().features().to_vec();
        if features.iter().any(|it| **it == *feature) {
            return Err(Refusal::NothingToChange);
        }
        self.may_edit_features()?;
        features.push(feature.into());
        self.draft.set_features(features);
        Ok(())
    }

    pub(super) fn disable_feature(&mut self, feature: &str) -> Result<(), Refusal> {
        let number = find(&self.before.model().feature_names, feature, Named::Feature)?;
        let mut features = self.now().features().to_vec();
        let before = features.len();
        features.retain(|it| **it != *feature);
        if features.len() == before {
            self.refuse_retired_feature(number, feature)?;
            return Err(Refusal::NothingToChange);
        }
        self.may_edit_features()?;
        self.draft.set_features(features);
        Ok(())
    }

    fn refuse_retired_feature(&self, number: u32, feature: &str) -> Result<(), Refusal> {
        let known = self.before.model().features.get(number as usize);
        validated(|root, report| {
            if let Some(version) = known.and_then(|it| it.retired) {
                let name = quoted(feature);
                let message = (
                    ProblemCode::Retired,
                    format!("feature {name} was retired in version `{version}`"),
                );
                report.error(&root.field("feature"), message);
            }
        })
    }

    fn may_edit_features(&self) -> Result<(), Refusal> {
        let kind = ChangeKind::EditFeatures;
        self.authority.kind(self.scene(), kind, Target::Everything)
    }

    pub(super) fn change_setting(
        &mut self,
        permission: &str,
        role: Option<&str>,
    ) -> Result<(), Refusal> {
        let model = self.before.model();
        let number = find(&model.permission_names, permission, Named::Permission)?;
        let known = model.permissions.get(number as usize);
        let Some(adjustable) = known.and_then(|it| it.adjustable.as_ref()) else {
            return validated(|root, report| {
                let message = (
                    ProblemCode::FixedSetting,
                    format!("{} is fixed: no setting adjusts it", quoted(permission)),
                );
                report.error(&root.field("permission"), message);
            });
        };
        if let Some(role) = role {
            find(&*model.role_names, role, Named::Role)?;
        }
        let mut settings = self.now().settings().clone();
        // A setting that an older policy wrote under another path is replaced all the same.
        let version = self.now().written_version();
        settings.retain(|path, _| match model.evolution.follow(path, version) {
            crate::catalog::Followed::Path(today) => today != permission,
            crate::catalog::Followed::Retired => true,
        });
        if let Some(role) = role {
            settings.insert(permission.to_owned(), role.to_owned());
        }
        if settings == *self.now().settings() {
            return Err(Refusal::NothingToChange);
        }
        let resolved = validated(|root, report| {
            // Bounds are errors here, whatever the policy's version: this is written today.
            let alone = [(permission.to_owned(), role.unwrap_or_default().to_owned())];
            if role.is_some() && version < model.version {
                let alone = alone.into_iter().collect();
                read_settings(model, model.version, &alone, root, report);
            }
            read_settings(model, version, &settings, root, report)
        })?;
        self.authority
            .setting(self.scene(), adjustable.changed_by)?;
        self.draft.set_settings(settings, &resolved);
        Ok(())
    }

    pub(super) fn forget_id(&mut self, kind: UsedIdKind, id: &str) -> Result<(), Refusal> {
        if !self.now().is_used(kind, id) {
            return Err(Refusal::Unknown {
                what: Named::UsedId,
                id: id.to_owned(),
                nearest: None,
            });
        }
        let change = ChangeKind::ForgetIds;
        self.authority
            .kind(self.scene(), change, Target::Everything)?;
        if kind == UsedIdKind::User {
            self.free(change, &Covered::Everything)?;
        }
        self.draft.forget_id(kind, id);
        Ok(())
    }
}
