-- Pseudo-random numbers that depend on (seed, purpose, entity) alone: the same on every thread count, every order of
-- rows and every version of the engine. md5 because it is a published function; DuckDB's hash() is not stable.

create macro draw_bits(purpose, entity) as
    md5_number_lower(concat_ws(':', getvariable('seed'), purpose, entity));

-- uniform in [0, 1): 53 bits
create macro draw(purpose, entity) as
    (md5_number_lower(concat_ws(':', getvariable('seed'), purpose, entity)) >> 11) * 1.1102230246251565e-16;

-- one of the four independent uniforms (steps of 1/65536) in 64 bits: shift 0, 16, 32, 48
create macro part(bits, shift) as (((bits >> shift) & 65535) + 0.5) / 65536.0;

-- standard normal (Box and Muller) from 64 bits, rounded so that the last digit of a mathematical library cannot matter
create macro normal_of(bits) as round(
    sqrt(-2 * ln(((bits & 4294967295) + 0.5) / 4294967296.0)) * cos(6.283185307179586 * ((bits >> 32) + 0.5) / 4294967296.0), 9
);
create macro normal(purpose, entity) as normal_of(draw_bits(purpose, entity));

-- exponential with mean 1
create macro waiting(u) as round(-ln(1 - u), 9);

-- gamma with mean 1: Wilson and Hilferty's cube at shape + 1, brought down to shape by a power of a uniform (exact step)
create macro gamma_of(shape, z, u) as round(
    (shape + 1) * pow(greatest(0, 1 - 1 / (9 * (shape + 1)) + z / (3 * sqrt(shape + 1))), 3) * pow(u, 1 / shape) / shape, 9
);

create macro to_utc(wall) as (wall at time zone 'Europe/Paris') at time zone 'UTC';
create macro to_wall(instant) as (instant at time zone 'UTC') at time zone 'Europe/Paris';
-- the first ten of sixteen hexadecimal digits; a digit 1 is put before them and taken off: lpad costs four times as much
create macro to_hex10(bits) as substr(to_hex((bits >> 24) + 1099511627776), 2);

-- Poisson: the mean is rounded to steps of 3 %, the number is read off the cumulative distribution: join on the bin and
-- `u >= below and u < upto` (a hash join; an ASOF join on the same took 30 times as long).
create table poisson as
with bins as (
    select bin::integer as bin, 0.01 * pow(1.03, bin) as mean from range(0, 380) as r (bin)
),
terms as (
    select bin, k::integer as k, exp(-mean + k * ln(mean) - lgamma(k + 1.0)) as probability
    from bins, lateral (select unnest(range(0, cast(mean + 8 * sqrt(mean) + 12 as bigint))) as k)
)
select bin, k, below, coalesce(lead(below) over (partition by bin order by k), 2.0) as upto
from (
    select bin, k, round(coalesce(sum(probability) over (partition by bin order by k rows between unbounded preceding and 1 preceding), 0), 9) as below
    from terms
);

create macro poisson_bin(mean) as cast(greatest(0, least(379, round(ln(greatest(mean, 0.0001) / 0.01) / 0.029558802241544391))) as integer);
