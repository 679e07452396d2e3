export { api, apiFetch, fillPath, onSignedOut, type Schemas } from './client';
export { ApiProblem, Unreachable } from './problem';
