-- Band edges as they were typed: a `real` holds 0.9 as 0.89999998.
ALTER TABLE project
    ALTER COLUMN band_high TYPE float8 USING band_high::numeric::float8,
    ALTER COLUMN band_medium TYPE float8 USING band_medium::numeric::float8;
