"""A cloud's rates for tests: an SU per core and hour, half of it stopped, nothing shelved; twice as much from 2027 on."""

from portal.cloud.schema import PortalCloud

RATES = PortalCloud.model_validate(
    {
        "title": "Cloud",
        "sign_in": {"methods": ["password"]},
        "rates": [
            {"flavor": r"m3\.", "resource": "cpu", "per_vcpu_hour": "1", "valid_to": "2027-01-01"},
            {"flavor": r"m3\.", "resource": "cpu", "per_vcpu_hour": "2", "valid_from": "2027-01-01"},
        ],
        "state_fractions": {"SHUTOFF": "0.5", "SHELVED_OFFLOADED": "0"},
    }
)
