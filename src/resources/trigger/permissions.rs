//! What whoever runs imgprep must be allowed for the subscription and the permission to invoke.

use crate::permissions::{ACCOUNT, Row, on};
use crate::resources::function::permissions::{ANY_NAME, FUNCTION, TAGGED};
use crate::resources::topic::permissions::TOPIC;

pub(super) const ROWS: &[Row] = &[
    on(ACCOUNT)
        .read(&["sns:GetSubscriptionAttributes"])
        .up(&["sns:SetSubscriptionAttributes"])
        .down(&["sns:Unsubscribe"]),
    on(ANY_NAME).read(&["lambda:GetPolicy"]),
    on(TAGGED).down(&["lambda:RemovePermission"]),
    on(TOPIC).read(&["sns:ListSubscriptionsByTopic"]).up(&["sns:Subscribe"]),
    on(FUNCTION)
        .up(&["lambda:AddPermission", "lambda:RemovePermission"])
        .down(&["lambda:RemovePermission"]),
];
