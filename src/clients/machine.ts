/** The machine on which clients are looked for, so that a test can be another. */
export interface Machine {
  /** Absolute. */
  readonly home: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The Node that runs this. */
  readonly execPath: string;
  now(): Date;
}
