/** The lanes that the operator allows, as submitting needs them. */
export interface Lane {
  readonly org: string;
  readonly repo: string;
}

export interface LaneList {
  /**
   * The lane of an address such as `acme/api`.
   * @throws DispatchError `LANE_REFUSED` for one that is not on the list, and where the list cannot be trusted.
   */
  resolve(address: string): Promise<Lane>;
  /** The addresses there are, in order. @throws DispatchError `LANE_REFUSED` where the list cannot be trusted. */
  list(): Promise<readonly string[]>;
}
