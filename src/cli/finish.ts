/** How a command tells its exit code: 0 ok, 1 a point failed, 2 usage, 130 interrupted. */

export type Finish = (exitCode: number) => void;
