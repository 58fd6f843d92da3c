"""What `podman play kube` can do is all that its case asks for."""

from chart import Objects


def test_podman_can_play_its_case(rendered):
    of_case = Objects(rendered["helm4", "podman"])
    assert of_case("Deployment")["spec"]["replicas"] == 1
    for volume in of_case.pod["volumes"]:
        assert volume.keys() - {"name"} <= {"configMap", "secret", "emptyDir"}, volume
    ports = [port["containerPort"] for it in of_case.pod["containers"] for port in it.get("ports", [])]
    assert len(ports) == len(set(ports))


def test_in_clear_it_speaks_to_loopback_alone(rendered):
    variables = Objects(rendered["helm4", "podman"]).variables
    for name, value in variables.items():
        if value.startswith("http://"):
            assert value.startswith("http://127.0.0.1:"), name
