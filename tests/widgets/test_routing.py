from types import SimpleNamespace

from workbench.widgets.routing import use_subshell


def fixed(_data, _default):
    return "main"


def test_a_message_goes_where_the_front_end_asks_for_every_child():
    inner = SimpleNamespace(comm=SimpleNamespace(_reply_subshell_for=fixed))
    outer = SimpleNamespace(comm=SimpleNamespace(_reply_subshell_for=fixed), children=[inner])
    use_subshell(outer)
    assert inner.comm._reply_subshell_for({}, "asked") == "asked"
    assert outer.comm._reply_subshell_for({}, "asked") == "asked"


def test_a_channel_without_that_method_is_left_alone():
    widget = SimpleNamespace(comm=SimpleNamespace())
    use_subshell(widget)
    assert not hasattr(widget.comm, "_reply_subshell_for")


def test_the_kernel_we_build_on_still_has_the_method():
    from ipykernel.comm.comm import BaseComm

    assert callable(BaseComm._reply_subshell_for)
