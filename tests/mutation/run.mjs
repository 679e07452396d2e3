// Plants one fault after the other in a copy of the checkout and runs the tests that must notice it. See infra/mutation.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const [copy, only] = process.argv.slice(2);
const faults = JSON.parse(readFileSync("tests/mutation/faults.json", "utf8")).filter(f => !only || f.project === only || f.name.includes(only));
const options = ["--configuration", "Release", "--verbosity", "quiet", "-nologo", "-nodeReuse:false",
  "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:UseSharedCompilation=false"];

function build(project, ...more) {
  const built = spawnSync("dotnet", ["build", `tests/${project}`, ...options, ...more], { cwd: copy, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return { ok: built.status === 0, said: built.stdout + built.stderr };
}

function test({ project, tests, seconds = 180 }) {
  const program = path.resolve(copy, `artifacts/bin/${project}/release/${project}`);
  const filters = tests.flatMap(t => t.includes(".") ? ["-method", `*${t}`] : ["-class", `*.${t}`]);
  const run = spawnSync(program, ["-noColor", "-noLogo", "-parallelMode", "none", ...filters], {
    cwd: copy, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: seconds * 1000, killSignal: "SIGKILL", maxBuffer: 1 << 28,
  });
  const summary = /Total: (\d+), Errors: (\d+), Failed: (\d+)/.exec(run.stdout);
  const timedOut = run.error?.code === "ETIMEDOUT";
  return { total: Number(summary?.[1] ?? 0), failed: Number(summary?.[2] ?? 0) + Number(summary?.[3] ?? 0), timedOut, said: run.stdout + run.stderr };
}

// What the first test that failed said, without what the stack adds.
const firstFailure = said => (/\[FAIL\]\n((?:\s+.*\n){1,4})/.exec(said)?.[1] ?? "").split(/\n\s*(?:Stack Trace|--- )/)[0].replace(/\s+/g, " ").trim().slice(0, 240);

// What each fault's tests said stays in .run/mutation.
mkdirSync(".run/mutation", { recursive: true });
const counts = { killed: 0, survived: 0, broken: 0 };
function report(result, fault, since, why = "") {
  counts[result]++;
  console.log(`${result.padEnd(8)} ${fault.name} (${Math.round((Date.now() - since) / 1000)} s)${why ? `: ${why}` : ""}`);
}

for (const project of new Set(faults.map(f => f.project))) {
  const since = Date.now();
  const { ok, said } = build(project);
  if (!ok) {
    console.error(said.slice(-3000));
    console.error(`The copy's ${project} does not build.`);
    process.exit(2);
  }

  console.log(`built    ${project} (${Math.round((Date.now() - since) / 1000)} s)`);
}

for (const fault of faults) {
  const since = Date.now();
  const edits = fault.edits ?? [fault];
  const sources = new Map(edits.map(e => [path.join(copy, e.file), readFileSync(path.join(copy, e.file), "utf8")]));
  const changed = new Map(sources);
  const missing = edits.find(e => {
    const file = path.join(copy, e.file);
    const parts = changed.get(file).split(e.find);
    changed.set(file, parts.join(e.replace));
    return parts.length !== 2;
  });
  if (missing) {
    report("broken", fault, since, `${missing.file} does not hold its text exactly once`);
    continue;
  }

  changed.forEach((text, file) => writeFileSync(file, text));
  try {
    const built = build(fault.project, "--no-restore");
    if (!built.ok) {
      report("broken", fault, since, built.said.split("\n").find(l => l.includes("error"))?.trim() ?? "does not build");
      continue;
    }

    const { total, failed, timedOut, said } = test(fault);
    writeFileSync(`.run/mutation/${fault.name.replace(/[^A-Za-z0-9]+/g, "-")}.log`, said);
    if (failed > 0 || timedOut) {
      report("killed", fault, since, timedOut ? "by its time limit" : firstFailure(said));
    } else if (total === 0) {
      report("broken", fault, since, `no test ran: ${said.slice(-300)}`);
    } else {
      report("survived", fault, since);
    }
  } finally {
    sources.forEach((text, file) => writeFileSync(file, text));
  }
}

console.log(`${faults.length} faults: ${counts.killed} killed, ${counts.survived} survived, ${counts.broken} broken`);
process.exit(counts.killed === faults.length && faults.length > 0 ? 0 : 1);
