export { api, apiFetch, fillPath, onSignedOut, type Schemas } from './client';
export { send } from './send';
export { ApiProblem, Unreachable } from './problem';
