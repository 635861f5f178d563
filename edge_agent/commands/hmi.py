"""`edge-agent hmi`: the people's pages."""

import logging

from edge_agent.commands.arguments import ConfigArgument, VerboseOption, fail, load


def hmi(config: ConfigArgument, verbose: VerboseOption = False) -> None:
    """Run the hmi role: the operators' screens, fed by the line role."""
    from edge_agent.hmi.role import HmiError, run_hmi
    from edge_agent.logs import configure_logs

    configure_logs(logging.DEBUG if verbose else logging.INFO)
    try:
        run_hmi(load(config), config)
    except HmiError as error:
        raise fail(str(error)) from None
