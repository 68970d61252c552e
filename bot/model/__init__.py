"""Frozen nouns that every layer speaks in."""

from bot.model.article import Article, Image
from bot.model.delivery import (
    OPEN_STATES,
    Chunk,
    Delivery,
    DeliveryState,
    Due,
    Limits,
    Outcome,
    Parcel,
    Receipt,
    Recipient,
)
from bot.model.edition import Card, Edition, EditionState, EditionStory, Email, PastEdition, Post, Rendition
from bot.model.merge import MergeField
from bot.model.newsroom import Newsroom
from bot.model.progress import DomainProgress, Progress, ServerNow, ServerProgress, WorkerProgress
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

__all__ = [
    "ERASED",
    "LIFTED_BY_READERS",
    "OPEN_STATES",
    "UNSUBSCRIBED",
    "Act",
    "Article",
    "Card",
    "Chunk",
    "Consent",
    "Delivery",
    "DeliveryState",
    "DomainProgress",
    "Due",
    "Edition",
    "EditionState",
    "EditionStory",
    "Email",
    "Enrolment",
    "Evidence",
    "Image",
    "Limits",
    "MergeField",
    "Newsroom",
    "Outcome",
    "Parcel",
    "PastEdition",
    "Pick",
    "Post",
    "Preferences",
    "Progress",
    "Receipt",
    "Recipient",
    "Rejection",
    "Rendition",
    "Selected",
    "ServerNow",
    "ServerProgress",
    "Signup",
    "SignupOutcome",
    "Story",
    "Subscriber",
    "Summary",
    "Suppression",
    "WorkerProgress",
]
