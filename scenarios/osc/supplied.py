"""Variables that files expect their simulator to set: the loop sets these where no action does.

===================  ==========================================================================
variable             what it becomes
===================  ==========================================================================
collisionDetected    ``true`` (or ``1``) when the ego first touches anybody
egoSpeedReached      the ego's target speed in m/s, when it has first reached 98 % of it
===================  ==========================================================================

These are the variables of the Euro NCAP files, whose own maneuver ``LogAndSetVariables`` sets them.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivewm.sim.script import model as m

REACHED = 0.98
STORY = "supplied by the loop"


def supplied_story(
    variables: Mapping[str, str], stories: tuple[m.Story, ...], ego: str, target_mps: float
) -> tuple[m.Story, ...]:
    """A story that sets the known variables which the file declares but never sets."""
    own = {action.variable for action in _setters(stories)}
    events = []
    for name, start in variables.items():
        if name in own:
            continue
        if name.lower() == "collisiondetected":
            value = "true" if start.lower() in ("true", "false") else "1"
            when: m.AnyCondition = m.Collision(by=(ego,))
        elif name.lower() == "egospeedreached" and target_mps > 0:
            value = f"{target_mps:g}"
            when = m.SpeedIs(by=(ego,), value_mps=REACHED * target_mps)
        else:
            continue
        action = m.SetVariable(name=f"set {name}", variable=name, value=value)
        events.append(m.Event(name=f"{STORY}: {name}", actions=(action,), trigger=m.when(when)))
    if not events:
        return ()
    return (m.story_of(ego, *events, name=STORY),)


def _setters(stories: tuple[m.Story, ...]):
    for story in stories:
        for group in (group for act in story.acts for group in act.groups):
            for event in (event for maneuver in group.maneuvers for event in maneuver.events):
                for action in event.actions:
                    if isinstance(action, m.SetVariable | m.ModifyVariable):
                        yield action
