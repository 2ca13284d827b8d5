"""A DingTalk app robot that listens, beside the group robot that sends: its settings.

A group robot hears nothing. An app robot of the same organisation, added to the group with stream mode, does.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from streamwatch.channels import websocket
from streamwatch.channels.mention import mobile, user_id
from streamwatch.channels.secret import Secret, SecretFile, Signed, Url, exactly_one, read_secret
from streamwatch.language import Text


class Stream(BaseModel):
    """`client_id` and `client_secret` of the app (凭证与基础信息); its robot receives by stream mode."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    client_secret: Secret | None = None
    client_secret_file: SecretFile | None = None
    api: Url = SecretStr("https://api.dingtalk.com")

    @model_validator(mode="after")
    def _whole(self) -> "Stream":
        exactly_one("client_secret", self.client_secret, self.client_secret_file)
        websocket.require("dingtalk")
        return self

    @property
    def key(self) -> str:
        return read_secret(self.client_secret, self.client_secret_file)


class Account(Signed):
    """What the settings say of the robots themselves."""

    stream: Stream | None = None

    account_form: ClassVar[Text] = Text("用户 id，不是手机号", "the user id, and no mobile number")

    @property
    def has_buttons(self) -> bool:
        return self.stream is not None

    def is_account(self, to: str) -> bool:
        return mobile(to) is None and user_id(to) is not None

    @property
    def listens_as(self) -> str:
        return self.stream.client_id if self.stream else ""
