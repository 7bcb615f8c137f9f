import type { FacetLists, Filters } from "../../api.js";
import type { Navigation } from "../state/navigation.js";
import { eachFilter, filterText, LISTS, without } from "../state/place.js";
import { daysOfRange, rangeOfDays } from "../state/range.js";
import { count } from "../text/format.js";
import { verdictText } from "../ui/pips.js";

interface FilterBarProps {
  readonly navigation: Navigation;
  /** Undefined until they are known. */
  readonly facets: FacetLists | undefined;
  /** Whether the range is given by two dates. */
  readonly dates: boolean;
}

/** Filters to choose, and what panels add as chips. */
export function FilterBar({ navigation: { place, go }, facets, dates }: FilterBarProps) {
  const { filters } = place;
  const set = (changed: Filters) => go({ filters: changed, session: undefined });
  const chips = eachFilter(filters).filter(
    ([name]) => CHIPS.includes(name) || (Array.isArray(filters[name]) && filters[name].length > 1),
  );
  const own = filters.until !== undefined;
  return (
    <section class="filters" aria-label="Filters">
      {LISTS.map((name) => (
        <label key={name} class="choice">
          <span>{name}</span>
          <select
            id={`filter-${name}`}
            value={chosen(filters[name])}
            onChange={({ currentTarget: { value } }) =>
              set(value === ALL ? without(filters, name) : { ...filters, [name]: [value.slice(1)] })
            }
          >
            <option value={ALL}>all</option>
            {optionsOf(facets?.[name] ?? [], filters[name]).map(({ value, sessions }) => (
              <option key={value} value={`=${value}`}>
                {`${value === "" ? "(none)" : name === "verdict" ? verdictText(value) : value}${sessions === undefined ? "" : ` (${count(sessions)})`}`}
              </option>
            ))}
          </select>
        </label>
      ))}
      {(dates || own) && <Dates filters={filters} onChange={set} />}
      {filters.pattern !== "vvv" && (
        <button type="button" class="chip plain" onClick={() => set({ ...filters, pattern: "vvv" })}>
          three refusals in a row
        </button>
      )}
      {chips.map(([name, value]) => (
        <button
          type="button"
          key={`${name}${value}`}
          class="chip"
          title={filterText(name, value)}
          aria-label={`Remove the filter ${filterText(name, value)}`}
          onClick={() => set(without(filters, name, value))}
        >
          {filterText(name, value)} ✕
        </button>
      ))}
    </section>
  );
}

const CHIPS: readonly string[] = ["reason", "alarm", "pattern", "find"];
/** Values are written as `=value`: there may be an empty one. */
const ALL = "all";
const SEVERAL = "several";

function chosen(values: readonly string[] | undefined): string {
  if (values === undefined) return ALL;
  return values.length === 1 ? `=${values[0]}` : SEVERAL;
}

/** What there is to choose; what is chosen is there in any case. */
function optionsOf(
  facets: readonly { readonly value: string; readonly sessions: number }[],
  values: readonly string[] | undefined,
): readonly { readonly value: string; readonly sessions?: number }[] {
  const missing = (values ?? []).filter((value) => !facets.some((facet) => facet.value === value));
  return [...missing.map((value) => ({ value })), ...facets];
}

function Dates({ filters, onChange }: { filters: Filters; onChange(filters: Filters): void }) {
  const { first, last } = daysOfRange(filters, Date.now());
  const set = (one: string, other: string) => {
    const { since, until, ...rest } = filters;
    if (one !== "" && other !== "") onChange({ ...rest, ...rangeOfDays(one, other) });
    else if (one !== "") onChange({ ...rest, since: one });
    else if (other !== "") onChange({ ...rest, until: rangeOfDays(other, other).until });
    else onChange(rest);
  };
  return (
    <fieldset class="dates">
      <legend class="hidden">Days, in UTC, both included</legend>
      <label>
        from{" "}
        <input
          key={first}
          type="date"
          defaultValue={first}
          onChange={({ currentTarget }) => set(currentTarget.value, last)}
        />
      </label>
      <label>
        to{" "}
        <input
          key={last}
          type="date"
          defaultValue={last}
          onChange={({ currentTarget }) => set(first, currentTarget.value)}
        />
      </label>
    </fieldset>
  );
}
