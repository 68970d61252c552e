"""Frozen nouns that every layer speaks in."""

from bot.model.api_token import ApiToken, Scope
from bot.model.article import Article, Image
from bot.model.change import Change, Decision
from bot.model.channel import ChannelState
from bot.model.checked import Checked, Grade
from bot.model.correction import Correction
from bot.model.declaration import Declaration
from bot.model.delivery import (
    OPEN_STATES,
    Chunk,
    Delivery,
    DeliveryState,
    Doubt,
    Due,
    Outcome,
    Parcel,
    Placement,
    Receipt,
    Recipient,
)
from bot.model.edition import (
    ARTICLE,
    CORRECTION,
    CORRECTION_MAIL,
    VARIANT,
    Card,
    Edition,
    EditionState,
    EditionStory,
    Email,
    Link,
    PastEdition,
    Post,
    PostAct,
    PostPicture,
    Rendition,
)
from bot.model.event import Effect, Event
from bot.model.finding import Finding, Reach, Reached
from bot.model.hosted import Fetched, HostedImage, HostedPicture
from bot.model.invitation import Invitation, Purpose
from bot.model.limits import Counting, Limits, Markup
from bot.model.merge import MergeField
from bot.model.moved_slot import MovedSlot
from bot.model.newsroom import Newsroom
from bot.model.phrase import Phrase, Several, Way, cut, plural, said_by, several
from bot.model.posting import Idempotency, Pace, PostRules, Quiet, Quota
from bot.model.progress import DomainProgress, Progress, ServerNow, ServerProgress, WorkerProgress
from bot.model.reactions import MeasuredPost, Measurement, Reactions, figure
from bot.model.reader_import import ImportStage, Layout, ReaderImport
from bot.model.report import Report, Verdict
from bot.model.session import UserSession
from bot.model.signup import Signup, SignupOutcome
from bot.model.story import Pick, Rejection, Selected, Story, Summary
from bot.model.subscriber import (
    ERASED,
    LIFTED_BY_READERS,
    UNSUBSCRIBED,
    Act,
    Consent,
    Enrolment,
    Evidence,
    Preferences,
    Subscriber,
    Suppression,
)
from bot.model.suspects import Answer, Hit, Suspects
from bot.model.user import AT_THIS_MACHINE, Role, User, operator
from bot.model.webhook import CallState, Endpoint, EndpointCall, EndpointOff, EventType
from bot.model.words import EditionVersion, EditionWords, Overruling, PostWords, StoryWords, Told, ToldPost, ToldStory
from bot.model.written import TextKind, Written

__all__ = [
    "ARTICLE",
    "AT_THIS_MACHINE",
    "CORRECTION",
    "CORRECTION_MAIL",
    "ERASED",
    "LIFTED_BY_READERS",
    "OPEN_STATES",
    "UNSUBSCRIBED",
    "VARIANT",
    "Act",
    "Answer",
    "ApiToken",
    "Article",
    "CallState",
    "Card",
    "Change",
    "ChannelState",
    "Checked",
    "Chunk",
    "Consent",
    "Correction",
    "Counting",
    "Decision",
    "Declaration",
    "Delivery",
    "DeliveryState",
    "DomainProgress",
    "Doubt",
    "Due",
    "Edition",
    "EditionState",
    "EditionStory",
    "EditionVersion",
    "EditionWords",
    "Effect",
    "Email",
    "Endpoint",
    "EndpointCall",
    "EndpointOff",
    "Enrolment",
    "Event",
    "EventType",
    "Evidence",
    "Fetched",
    "Finding",
    "Grade",
    "Hit",
    "HostedImage",
    "HostedPicture",
    "Idempotency",
    "Image",
    "ImportStage",
    "Invitation",
    "Layout",
    "Limits",
    "Link",
    "Markup",
    "MeasuredPost",
    "Measurement",
    "MergeField",
    "MovedSlot",
    "Newsroom",
    "Outcome",
    "Overruling",
    "Pace",
    "Parcel",
    "PastEdition",
    "Phrase",
    "Pick",
    "Placement",
    "Post",
    "PostAct",
    "PostPicture",
    "PostRules",
    "PostWords",
    "Preferences",
    "Progress",
    "Purpose",
    "Quiet",
    "Quota",
    "Reach",
    "Reached",
    "Reactions",
    "ReaderImport",
    "Receipt",
    "Recipient",
    "Rejection",
    "Rendition",
    "Report",
    "Role",
    "Scope",
    "Selected",
    "ServerNow",
    "ServerProgress",
    "Several",
    "Signup",
    "SignupOutcome",
    "Story",
    "StoryWords",
    "Subscriber",
    "Summary",
    "Suppression",
    "Suspects",
    "TextKind",
    "Told",
    "ToldPost",
    "ToldStory",
    "User",
    "UserSession",
    "Verdict",
    "Way",
    "WorkerProgress",
    "Written",
    "cut",
    "figure",
    "operator",
    "plural",
    "said_by",
    "several",
]
