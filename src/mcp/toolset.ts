/** The sets of tools that the operator chooses among, in the order in which clients list them. */
export const TOOLSETS = ['mail', 'topics', 'jobs'] as const;

export type Toolset = (typeof TOOLSETS)[number];
