"""Base class of operators and transfers: template files, credentials in arguments, and the retry policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_talon_one.airflow_compat.masking import mask_arguments
from airflow_provider_talon_one.airflow_compat.retries import with_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2
    from airflow.providers.common.compat.sdk import Context


class MasksCredentials(BaseOperator):
    """Base of tasks whose arguments may hold credentials: they are masked when the templates are rendered."""

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value, and mask the credentials in it before Airflow stores it."""
        rendered = super().render_template(content, context, jinja_env, seen_oids)
        mask_arguments(rendered)
        return rendered


class ConnectorOperator(MasksCredentials):
    """Base of the operators and transfers.

    Attributes:
        template_files: fields that can be the name of a template file, each with the ending of such names. Airflow's
            ``template_ext`` would treat every text with that ending as a file, even the value of an attribute.
    """

    template_files: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**with_policy(kwargs, kwargs.get("default_args")))

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Return a mapped task with the retry policy, which Airflow would otherwise fill with its own default."""
        made = super().partial(**kwargs)
        owners = (made.kwargs["dag"], made.kwargs["task_group"])
        defaults = [one.default_args for one in owners if one is not None]
        policy = with_policy({}, kwargs, kwargs.get("default_args"), *defaults)
        made.kwargs.update(policy)
        return made

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value, or the content of the template file that it names.

        Raises:
            jinja2.TemplateNotFound: the file is not on the template search path.
        """
        if self._is_file(content) and id(content) not in (seen_oids or ()):
            jinja_env = jinja_env or self.get_template_env()
            assert jinja_env.loader is not None
            content = jinja_env.loader.get_source(jinja_env, content)[0]
        return super().render_template(content, context, jinja_env, seen_oids)

    def _is_file(self, content: Any) -> bool:
        return isinstance(content, str) and any(
            content is getattr(self, field) and content.endswith(ending)
            for field, ending in self.template_files.items()
        )
