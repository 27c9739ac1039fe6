//! Documents built in code.

use super::{
    AssignmentDocument, DenialDocument, DirectoryDocument, FORMAT, GrantDocument, PolicyDocument,
    PropertyDocument, PropertyType, PropertyValue, RoleDocument, Timestamp, UsedIdsDocument,
    UserDocument,
};
use crate::Scope;

impl PolicyDocument {
    /// An empty policy, written against that version of the catalog.
    pub fn new(catalog_version: u32) -> Self {
        PolicyDocument {
            format: FORMAT,
            account: None,
            catalog_version,
            revision: None,
            features: Vec::new(),
            settings: std::collections::BTreeMap::new(),
            roles: Vec::new(),
            packages: Vec::new(),
            positions: Vec::new(),
            used_ids: UsedIdsDocument {
                users: Vec::new(),
                roles: Vec::new(),
                positions: Vec::new(),
            },
        }
    }
}

impl RoleDocument {
    /// A role that grants and inherits nothing.
    pub fn new(id: impl Into<String>) -> Self {
        RoleDocument {
            id: id.into(),
            name: None,
            description: None,
            created: None,
            inherits: Vec::new(),
            grants: Vec::new(),
            denies: Vec::new(),
        }
    }

    /// Adds a grant.
    #[must_use]
    pub fn grant(mut self, grant: impl Into<GrantDocument>) -> Self {
        self.grants.push(grant.into());
        self
    }

    /// Adds a deny.
    #[must_use]
    pub fn deny(mut self, denial: impl Into<DenialDocument>) -> Self {
        self.denies.push(denial.into());
        self
    }

    /// Adds a junior role.
    #[must_use]
    pub fn inherit(mut self, role: impl Into<String>) -> Self {
        self.inherits.push(role.into());
        self
    }
}

impl From<&str> for GrantDocument {
    fn from(select: &str) -> Self {
        GrantDocument {
            select: select.to_owned(),
            scope: None,
            except: Vec::new(),
        }
    }
}

impl From<(&str, Scope)> for GrantDocument {
    fn from((select, scope): (&str, Scope)) -> Self {
        GrantDocument {
            scope: Some(scope),
            ..GrantDocument::from(select)
        }
    }
}

impl From<&str> for DenialDocument {
    fn from(select: &str) -> Self {
        DenialDocument {
            select: select.to_owned(),
            except: Vec::new(),
        }
    }
}

impl From<PropertyType> for PropertyDocument {
    fn from(r#type: PropertyType) -> Self {
        PropertyDocument {
            r#type,
            edited_by: None,
        }
    }
}

impl DirectoryDocument {
    /// A directory of these users.
    pub fn new(users: impl IntoIterator<Item = UserDocument>) -> Self {
        DirectoryDocument {
            format: FORMAT,
            users: users.into_iter().collect(),
        }
    }
}

impl UserDocument {
    /// A user who is assigned nothing.
    pub fn new(id: impl Into<String>) -> Self {
        UserDocument {
            id: id.into(),
            name: None,
            suspended: false,
            position: None,
            roles: Vec::new(),
            packages: Vec::new(),
            properties: std::collections::BTreeMap::new(),
        }
    }

    /// Assigns a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<AssignmentDocument>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Assigns a package.
    #[must_use]
    pub fn package(mut self, package: impl Into<AssignmentDocument>) -> Self {
        self.packages.push(package.into());
        self
    }

    /// Puts them in a position.
    #[must_use]
    pub fn position(mut self, position: impl Into<String>) -> Self {
        self.position = Some(position.into());
        self
    }

    /// Sets a property.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }
}

impl<S: Into<String>> From<S> for AssignmentDocument {
    fn from(id: S) -> Self {
        AssignmentDocument {
            id: id.into(),
            until: None,
        }
    }
}

impl AssignmentDocument {
    /// An assignment that ends at that moment (D2).
    pub fn until(id: impl Into<String>, until: Timestamp) -> Self {
        AssignmentDocument {
            id: id.into(),
            until: Some(until),
        }
    }
}
