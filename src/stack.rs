//! A stack as a list of resources with their order, built from configuration and account.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudfront::types::PriceClass;
use aws_sdk_lambda::types::Architecture;
use futures_util::future::join_all;
use lambda_fn::settings::{DISTRIBUTION_VARIABLE, FAILED_FOLDER, SETTINGS_VARIABLE, Settings};
use serde_json::{Value, json};

use crate::aws::{Aws, AwsError};
use crate::config::{self, Access, Arch, Config};
use crate::names::{Chosen, Names};
use crate::plan::{Goal, Plan, Wanted};
use crate::resource::{Id, Observed, Owner, Resource};
use crate::resources::bucket::{self, Bucket, Images};
use crate::resources::cdn::{self, Cdn};
use crate::resources::dead_letters::DeadLetters;
use crate::resources::folders::Folders;
use crate::resources::function::{self, Code, Function};
use crate::resources::logs::Logs;
use crate::resources::notification::Notification;
use crate::resources::policy::Policy;
use crate::resources::role::Role;
use crate::resources::topic::Topic;
use crate::resources::trigger::Trigger;

/// A resource, and what must be there before it can be made.
pub(crate) struct Node {
    pub(crate) resource: Box<dyn Resource>,
    pub(crate) needs: Vec<Id>,
}

/// Every resource of one pipeline in one account.
pub(crate) struct Stack {
    pub(crate) names: Arc<Names>,
    pub(crate) code: Arc<Code>,
    nodes: BTreeMap<Id, Node>,
}

/// What AWS holds of a stack.
pub(crate) type Observation = BTreeMap<Id, Option<Observed>>;

impl Stack {
    /// `images`: what becomes of the bucket's images when the stack is to go; `None` when it is to
    /// stay.
    pub(crate) fn new(
        config: &Config,
        aws: &Aws,
        source_hash: String,
        images: Option<Images>,
    ) -> Self {
        let chosen = Chosen {
            stack: &config.name,
            bucket: &config.bucket.name,
            topic: &config.topic.name,
            function: &config.function.name,
            tags: &config.tags,
        };
        let names = Arc::new(Names::new(&chosen, aws));
        let code = Arc::new(Code { source_hash, ..Code::default() });
        let parts = Parts { config, aws, names: &names, code: &code };
        let nodes = parts.nodes(images);
        let nodes = nodes.into_iter().map(|node| (node.resource.id(), node)).collect();
        Self { names, code, nodes }
    }

    pub(crate) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Reads every resource, all at once.
    pub(crate) async fn observe(&self, aws: &Aws) -> Result<Observation, (Id, AwsError)> {
        let reads = self
            .nodes
            .values()
            .map(|node| async move { (node.resource.id(), node.resource.read(aws).await) });
        let mut read: BTreeMap<Id, _> = join_all(reads).await.into_iter().collect();
        let bucket = read.get(&Id::Bucket);
        if let Some(Ok(Some(Observed { owner: Owner::Unreachable(_), .. }))) = bucket {
            // What is inside somebody else's bucket is not ours to ask about.
            read.insert(Id::Folders, Ok(None));
            read.insert(Id::Notification, Ok(None));
        }
        read.into_iter()
            .map(|(id, observed)| {
                observed.map(|observed| (id, observed)).map_err(|error| (id, error))
            })
            .collect()
    }

    pub(crate) fn plan(&self, goal: Goal, observation: Observation) -> Plan {
        let mut observation = observation;
        let resources = self.nodes.values().map(|node| {
            let resource = &node.resource;
            let wanted = Wanted {
                id: resource.id(),
                name: resource.name(),
                arn: resource.arn(),
                fields: resource.fields(),
            };
            let observed = observation.remove(&wanted.id).flatten();
            (wanted, observed)
        });
        Plan::new(goal, resources)
    }
}

/// What the resources are built from.
struct Parts<'a> {
    config: &'a Config,
    aws: &'a Aws,
    names: &'a Arc<Names>,
    code: &'a Arc<Code>,
}

impl Parts<'_> {
    /// The one place that knows the order; each entry says why it waits for what it needs.
    fn nodes(&self, images: Option<Images>) -> Vec<Node> {
        let names = || Arc::clone(self.names);
        let originals = self.config.bucket.originals.clone();
        let mut nodes = vec![
            node(Topic::new(names()), []),
            node(Bucket::new(names(), self.bucket_settings(images)), []),
            node(Folders::new(names(), self.markers()), [Id::Bucket]),
            // S3 checks the topic's policy when a notification is attached.
            node(Notification::new(names(), originals), [Id::Topic, Id::Bucket]),
            node(Policy::new(names(), self.permissions()), []),
            // The role is attached to the policy as part of its making.
            node(Role::new(names()), [Id::Policy]),
            node(Logs::new(names(), self.config.function.log_retention_days), []),
            node(DeadLetters::new(names()), []),
            // A function that runs before its log group exists would make one without retention;
            // Lambda checks the role and the failure destination.
            node(
                Function::new(names(), self.function_settings(), Arc::clone(self.code)),
                [Id::Role, Id::Logs, Id::DeadLetters],
            ),
            node(Trigger::new(names()), [Id::Topic, Id::Function, Id::DeadLetters]),
        ];
        // Going down removes the CDN of an earlier configuration as well.
        if self.config.cdn.enabled || images.is_some() {
            let mut needs = vec![Id::Bucket];
            if self.config.cdn.invalidate {
                needs.push(Id::Function);
            }
            nodes.push(node(Cdn::new(names(), self.cdn_settings()), needs));
        }
        nodes
    }

    fn folders(&self) -> Vec<String> {
        self.config.variants.iter().map(|variant| variant.folder.clone()).collect()
    }

    fn markers(&self) -> Vec<String> {
        let originals = std::iter::once(&self.config.bucket.originals);
        let variants = self.config.variants.iter().map(|variant| &variant.folder);
        originals.chain(variants).map(|folder| format!("{folder}/")).collect()
    }

    fn is_public_acl(&self) -> bool {
        self.config.bucket.access == Access::PublicAcl
    }

    fn bucket_settings(&self, images: Option<Images>) -> bucket::Settings {
        bucket::Settings {
            public_acl: self.is_public_acl(),
            plain_http: self.aws.endpoint.is_plain_http(),
            images,
            markers: self.markers(),
        }
    }

    fn function_settings(&self) -> function::Settings {
        let config = &self.config.function;
        let settings = Settings {
            bucket: self.config.bucket.name.clone(),
            originals: self.config.bucket.originals.clone(),
            public_acl: self.is_public_acl(),
            invalidate: None,
            variants: self.config.variants.clone(),
        };
        let settings = serde_json::to_value(settings).unwrap_or_default().to_string();
        function::Settings {
            memory: i32::try_from(config.memory).unwrap_or(i32::MAX),
            timeout: i32::try_from(config.timeout).unwrap_or(i32::MAX),
            architecture: match config.arch {
                Arch::X86_64 => Architecture::X8664,
                Arch::Arm64 => Architecture::Arm64,
            },
            concurrency: config.concurrency.and_then(|reserved| i32::try_from(reserved).ok()),
            variables: BTreeMap::from([(SETTINGS_VARIABLE.to_owned(), settings)]),
            unwanted_variable: (!self.config.cdn.invalidate).then_some(DISTRIBUTION_VARIABLE),
            emulator_variables: self.aws.endpoint.function_variables(),
        }
    }

    fn cdn_settings(&self) -> cdn::Settings {
        let config = &self.config.cdn;
        cdn::Settings {
            price_class: match config.price_class {
                config::PriceClass::Class100 => PriceClass::PriceClass100,
                config::PriceClass::Class200 => PriceClass::PriceClass200,
                config::PriceClass::All => PriceClass::PriceClassAll,
            },
            domains: config.domains.clone(),
            certificate_arn: config.certificate_arn.clone(),
            folders: self.folders(),
            plain_http: self.aws.endpoint.is_plain_http(),
            function_variable: config.invalidate.then(|| DISTRIBUTION_VARIABLE.to_owned()),
        }
    }

    /// What the function may do, and nothing else.
    fn permissions(&self) -> Vec<Value> {
        let names = self.names;
        let inside = |folder: &str| format!("{}/{folder}/*", names.bucket_arn);
        let originals = &self.config.bucket.originals;
        let variants = self.folders();
        let allow = |sid: &str, actions: Value, resources: Value| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
        let mut put = vec!["s3:PutObject"];
        if self.is_public_acl() {
            put.push("s3:PutObjectAcl");
        }
        let in_variants: Vec<String> = variants.iter().map(|folder| inside(folder)).collect();
        let mut list = allow("ListFolders", json!("s3:ListBucket"), json!(names.bucket_arn));
        // Without it S3 answers 403 for a key that is not there.
        let folders =
            variants.iter().map(String::as_str).chain([originals.as_str(), FAILED_FOLDER]);
        let prefixes: Vec<String> = folders.map(|folder| format!("{folder}/*")).collect();
        list["Condition"] = json!({ "StringLike": { "s3:prefix": prefixes } });
        let mut statements = vec![
            allow("ReadOriginals", json!("s3:GetObject"), json!(inside(originals))),
            allow("WriteVariants", json!(put), json!(in_variants)),
            allow(
                "RecordFailures",
                json!(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
                json!(inside(FAILED_FOLDER)),
            ),
            list,
            allow(
                "WriteLogs",
                json!(["logs:CreateLogStream", "logs:PutLogEvents"]),
                json!(format!("{}:*", names.log_group_arn)),
            ),
            allow("SendDeadLetters", json!("sqs:SendMessage"), json!(names.queue_arn)),
        ];
        if self.config.cdn.invalidate {
            statements.push(allow("SeeVariants", json!("s3:GetObject"), json!(in_variants)));
            statements.push(self.invalidation());
        }
        statements
    }

    /// The distribution's identifier is not known beforehand; its tag is.
    fn invalidation(&self) -> Value {
        let Names { partition, account, stack, .. } = self.names.as_ref();
        json!({
            "Sid": "InvalidateVariants",
            "Effect": "Allow",
            "Action": "cloudfront:CreateInvalidation",
            "Resource": format!("arn:{partition}:cloudfront::{account}:distribution/*"),
            "Condition": { "StringEquals": { "aws:ResourceTag/imgprep:stack": stack } },
        })
    }
}

fn node(resource: impl Resource + 'static, needs: impl Into<Vec<Id>>) -> Node {
    Node { resource: Box::new(resource), needs: needs.into() }
}
