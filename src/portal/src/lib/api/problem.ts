interface ProblemJson {
  status?: number;
  title?: string;
  detail?: string;
  traceId?: string;
  errors?: Record<string, string[]>;
  code?: string;
}

/** The API answered, and said no: problem+json (RFC 9457). */
export class ApiProblem extends Error {
  override name = 'ApiProblem';

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly traceId?: string,
    /** What is wrong with which field of the request. */
    readonly errors: Record<string, string[]> = {},
    /** Which of its documented refusals it is, where the API counts them. */
    readonly code?: string,
  ) {
    super(detail || title);
  }

  /** Reads a refused answer; one that is not problem+json (a proxy's page) keeps its status alone. */
  static async read(response: Response): Promise<ApiProblem> {
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const body: ProblemJson = isJson ? ((await response.json().catch(() => ({}))) as ProblemJson) : {};
    return new ApiProblem(response.status, body.title ?? response.statusText, body.detail ?? '', body.traceId, body.errors, body.code);
  }
}

/** No answer came: the line is down, or the API is not running. */
export class Unreachable extends Error {
  override name = 'Unreachable';

  constructor(cause?: unknown) {
    super('No answer came.', { cause });
  }
}
