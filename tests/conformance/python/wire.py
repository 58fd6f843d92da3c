"""What goes over the wire, as the clients' own hooks tell it."""


class Wire:
    """Every response that the client gets, retries and polls included: it is a
    `raw_response_hook` of the client's."""

    def __init__(self) -> None:
        self.responses = []

    def __call__(self, response) -> None:
        self.responses.append(response.http_response)

    @property
    def statuses(self) -> list[int]:
        return [response.status_code for response in self.responses]
