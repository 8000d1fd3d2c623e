"""AWS's API models, as botocore ships them: operations, and the shapes of what they are sent."""

import gzip
import json

# What a service is called in its signatures, where botocore's folder has another name.
FOLDERS = {"tagging": "resourcegroupstaggingapi"}


class Model:
    """One service's newest API."""

    def __init__(self, botocore, service):
        versions = sorted(botocore.glob(f"data/{service}/*/service-2.json.gz"))
        with gzip.open(versions[-1]) as file:
            document = json.load(file)
        self.operations = document["operations"]
        self.shapes = document["shapes"]
        self.metadata = document["metadata"]
        self.protocol = next(
            protocol for protocol in self.metadata["protocols"] if not protocol.startswith("smithy")
        )

    def shape(self, reference):
        """The shape that a member, or an operation's input, refers to."""
        return self.shapes[reference["shape"]]

    def input(self, operation):
        """The shape of all that an operation is sent; some are sent nothing."""
        if "input" in operation:
            return self.shape(operation["input"])
        return {"type": "structure", "members": {}}


class Models:
    """Those of the services that were called."""

    def __init__(self, botocore):
        self.botocore = botocore
        self.loaded = {}

    def of(self, request):
        """The model for a request, by its service."""
        folder = FOLDERS.get(request["service"], request["service"])
        if folder not in self.loaded:
            self.loaded[folder] = Model(self.botocore, folder)
        return self.loaded[folder]
