// Shows the contract, for calls to the gateway that this page came from.

const parameters = (contract) => [
  ...Object.values(contract.components.parameters),
  ...Object.values(contract.paths)
    .flatMap((path) => Object.values(path))
    .flatMap((operation) => operation.parameters ?? []),
];

// The contract names a server for whoever reads it elsewhere; here there is but one.
const here = (contract) => {
  contract.servers = [{ url: location.origin, description: "this gateway" }];
  for (const parameter of parameters(contract)) {
    // It would be filled in, and so be sent unless it is taken out each time: the same
    // trace for all, or a subscription that is nobody's.
    if (!parameter.required) {
      delete parameter.example;
    }
    // The renderer reads patterns without the flag for Unicode, and would let nothing
    // pass. The gateway says what is wrong, too.
    if (parameter.schema?.pattern?.includes("\\p{")) {
      delete parameter.schema.pattern;
    }
  }
  return contract;
};

// What is shown of a call is read over shoulders, and copied.
const unseen = (request) =>
  request.hasIn(["headers", "Authorization"])
    ? request.setIn(["headers", "Authorization"], "Bearer ***")
    : request;

const ThisGateway = () => ({
  wrapComponents: {
    curl: (Curl, { React }) => (props) =>
      React.createElement(Curl, { ...props, request: unseen(props.request) }),
  },
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (original) => (contract) => original(here(contract)),
      },
      wrapSelectors: {
        // The admin listener is another server, which this page may not call.
        allowTryItOutFor: (original, system) => (state, path, method) =>
          !system.specSelectors.specJson().hasIn(["paths", path, "servers"]) &&
          original(state, path, method),
      },
    },
  },
});

const isDark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  dom_id: "#docs",
  url: "/openapi.yaml",
  plugins: [ThisGateway],
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // A token is kept by this page alone, and nobody else is asked about the contract.
  persistAuthorization: false,
  validatorUrl: null,
});
