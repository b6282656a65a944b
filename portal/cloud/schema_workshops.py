"""`workshops` of portal.yaml: how many machines of a class a cloud is asked for at once, and how patiently."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Workshops(BaseModel):
    """Machines of seats that are being built, started or put away at once; all others of the cloud's wait their turn.

    A build is stuck after `stuck_minutes`, and not before `stuck_times` its usual time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    offered: bool = True
    most_seats: int = Field(default=200, ge=1, le=1000)
    most_spares: int = Field(default=20, ge=0, le=200)
    builds_per_project: int = Field(default=120, ge=1)
    builds_per_cloud: int = Field(default=240, ge=1)
    power_per_project: int = Field(default=60, ge=1)
    power_per_cloud: int = Field(default=120, ge=1)
    # Where nothing like it was launched lately.
    usual_build_seconds: float = Field(default=240, gt=0)
    usual_return_seconds: float = Field(default=120, gt=0)
    stuck_minutes: float = Field(default=10, gt=0)
    stuck_times: float = Field(default=3, ge=1)
    # After so many machines that failed, one after the other, a seat is called broken, and is tried slowly.
    tries: int = Field(default=3, ge=1, le=20)
    first_pause_seconds: float = Field(default=20, gt=0)
    longest_pause_minutes: float = Field(default=10, gt=0)
    test_drive_minutes: int = Field(default=60, ge=5, le=1440)
    # Whether a workshop may let people in by codes, who sign in nowhere else.
    guest_codes: bool = False
    # The longest command on seats; one file that is sent there; all files of a course; one learner's home; days kept.
    run_minutes: float = Field(default=30, gt=0)
    push_mb: float = Field(default=50, gt=0)
    course_files_mb: float = Field(default=200, gt=0)
    work_mb: float = Field(default=500, gt=0)
    work_days: float = Field(default=30, gt=0)
    runs_days: float = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _a_project_is_a_part_of_its_cloud(self) -> "Workshops":
        if self.builds_per_project > self.builds_per_cloud or self.power_per_project > self.power_per_cloud:
            raise ValueError("the number per project is larger than the number for the whole cloud")
        return self
