"""Resources: the home folder that a code location works on, and the dbt command."""

from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource

from dagster_project.company.model import Company, load_company
from dagster_project.orchestration.dbt import dbt_executable, project
from dagster_project.settings import Settings


class Home(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home folder of one company."""

    folder: str

    @property
    def settings(self) -> Settings:
        """The settings of this process for the folder, read anew: a long-lived code server must not keep old ones."""
        return Settings.from_environment(Path(self.folder))

    def company(self) -> Company:
        """The company's configuration. Raises ConfigurationError."""
        return load_company(self.settings.home)


def dbt_resource() -> DbtCliResource:
    return DbtCliResource(project_dir=project(), dbt_executable=dbt_executable())
