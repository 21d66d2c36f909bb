/**
 * A small discrete-event simulator: agents that work, wait for one another and share resources.
 *
 * The agent with the least time goes first, so a resource serves requests in the order in which they arrive.
 */

/** What an agent does next. */
export type Step =
  /** Works for some clocks; if `on` names a resource, it has that to itself. */
  | { kind: 'work'; clocks: number; label: string; on?: string | undefined; stage?: number | undefined }
  /** Waits until the event has been signalled. */
  | { kind: 'wait'; event: string }
  /** Signals an event, which others see `delay` clocks later. */
  | { kind: 'signal'; event: string; delay: number };

/** A piece of work with its clocks, from its start to its end. */
export interface Interval {
  agent: string;
  label: string;
  /** The stage that the work belongs to; null if it belongs to none. */
  stage: number | null;
  from: number;
  to: number;
}

/** What a simulation found. */
export interface Simulation {
  /** Clocks until the last agent has finished. */
  clocks: number;
  /** Work in order of its start. */
  intervals: Interval[];
}

interface Agent {
  name: string;
  steps: Iterator<Step>;
  now: number;
  next: Step | null;
}

/** Runs agents until all have finished. Throws if they wait for one another in a circle. */
export function simulate(programs: Record<string, Iterable<Step>>): Simulation {
  const agents: Agent[] = Object.entries(programs).map(([name, steps]) => {
    const iterator = steps[Symbol.iterator]();
    return { name, steps: iterator, now: 0, next: nextStep(iterator) };
  });
  const signalled = new Map<string, number>();
  const busyUntil = new Map<string, number>();
  const intervals: Interval[] = [];
  /** When an agent can take its next step; Infinity while it waits for an event that nobody has signalled. */
  const ready = ({ next, now }: Agent) => {
    if (next === null) return Number.POSITIVE_INFINITY;
    return next.kind === 'wait' ? Math.max(now, signalled.get(next.event) ?? Number.POSITIVE_INFINITY) : now;
  };

  for (;;) {
    const times = agents.map(ready);
    const first = Math.min(...times);
    if (first === Number.POSITIVE_INFINITY) break;
    const agent = agents[times.indexOf(first)] as Agent;
    const step = agent.next as Step;
    agent.now = first;
    if (step.kind === 'signal') signalled.set(step.event, first + step.delay);
    if (step.kind === 'work' && step.clocks > 0) {
      const from = step.on === undefined ? first : Math.max(first, busyUntil.get(step.on) ?? 0);
      agent.now = from + step.clocks;
      if (step.on !== undefined) busyUntil.set(step.on, agent.now);
      intervals.push({ agent: agent.name, label: step.label, stage: step.stage ?? null, from, to: agent.now });
    }
    agent.next = nextStep(agent.steps);
  }
  const stuck = agents.find(({ next }) => next !== null);
  if (stuck !== undefined)
    throw new Error(`the simulation stops: ${stuck.name} waits for ${JSON.stringify(stuck.next)}`);
  return { clocks: Math.max(...agents.map(({ now }) => now)), intervals };
}

function nextStep(steps: Iterator<Step>): Step | null {
  const { value, done } = steps.next();
  return done ? null : value;
}
