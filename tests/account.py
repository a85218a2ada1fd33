"""Settings that reach an emulator."""


def settings_of(emu, **given):
    """Settings that reach the emulator and read as far as now, and those that are given."""
    return {
        "base_url": emu.url,
        "api_key": emu.api_key,
        "management_key": emu.management_key,
        "management_requests_per_second": 1000,
        "settle_seconds": 0,
        **given,
    }
