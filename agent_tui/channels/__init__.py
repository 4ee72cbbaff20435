"""The ways customers reach the shop from outside, behind one interface (`agent_tui.channels.base`).

The web channel is not here: its pages come and ask, nothing is parsed or pushed.
"""
