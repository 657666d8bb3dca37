-- Stores, products and rewards of an invented house of home goods. No name of a real brand.

create table stores as
select store_no::integer as store_no, printf('S%02d', store_no) as store_id, label, region, department, weight
from (values
    (1, 'Lille Grand-Place (simulé)', 'Hauts-de-France', '59', 14),
    (2, 'Paris Rivoli (simulé)', 'Île-de-France', '75', 22),
    (3, 'Lyon Presqu''île (simulé)', 'Auvergne-Rhône-Alpes', '69', 15),
    (4, 'Nantes Graslin (simulé)', 'Pays de la Loire', '44', 11),
    (5, 'Bordeaux Sainte-Catherine (simulé)', 'Nouvelle-Aquitaine', '33', 12),
    (6, 'Toulouse Capitole (simulé)', 'Occitanie', '31', 10),
    (7, 'Strasbourg Kléber (simulé)', 'Grand Est', '67', 8),
    (8, 'Rennes République (simulé)', 'Bretagne', '35', 8)
) as s (store_no, label, region, department, weight);

create table products as
with stems as (
    select *
    from (values
        ('Vaisselle', 'Assiette plate', 9, 0.52), ('Vaisselle', 'Bol en grès', 8, 0.55), ('Vaisselle', 'Verre à pied', 7, 0.5),
        ('Vaisselle', 'Théière', 32, 0.56), ('Vaisselle', 'Plat à four', 28, 0.5), ('Vaisselle', 'Carafe', 24, 0.54),
        ('Textile', 'Coussin', 25, 0.6), ('Textile', 'Plaid en laine', 59, 0.57), ('Textile', 'Nappe enduite', 35, 0.58),
        ('Textile', 'Parure de lit', 89, 0.55), ('Textile', 'Torchons par trois', 15, 0.6), ('Textile', 'Rideau occultant', 49, 0.56),
        ('Luminaire', 'Lampe de table', 69, 0.5), ('Luminaire', 'Suspension', 99, 0.48), ('Luminaire', 'Guirlande', 22, 0.58), ('Luminaire', 'Lampadaire', 149, 0.46),
        ('Décoration', 'Vase soufflé', 29, 0.6), ('Décoration', 'Cadre photo', 14, 0.6), ('Décoration', 'Bougie parfumée', 19, 0.62),
        ('Décoration', 'Miroir rond', 79, 0.52), ('Décoration', 'Panier tressé', 26, 0.57),
        ('Petit électroménager', 'Bouilloire Volcan', 49, 0.34), ('Petit électroménager', 'Grille-pain', 45, 0.33), ('Petit électroménager', 'Mixeur', 65, 0.32),
        ('Petit électroménager', 'Cafetière filtre', 75, 0.34),
        ('Mobilier', 'Tabouret', 85, 0.45), ('Mobilier', 'Table basse', 219, 0.42), ('Mobilier', 'Chaise en bois', 119, 0.43), ('Mobilier', 'Étagère', 159, 0.42),
        ('Jardin', 'Cache-pot', 18, 0.56), ('Jardin', 'Transat', 95, 0.44), ('Jardin', 'Lanterne', 34, 0.52)
    ) as s (category, stem, price, margin_rate)
),
variants as (
    select *
    from (values (1, 'blanc', 1.0), (2, 'terracotta', 1.08), (3, 'vert sauge', 1.16), (4, 'édition atelier', 1.42)) as v (variant, colour, factor)
)
select
    row_number() over (order by category, stem, variant)::integer as product_no,
    printf('A%04d', row_number() over (order by category, stem, variant)) as product_id,
    stem || ' ' || colour as label,
    category,
    ['Maison Exemple', 'Atelier Exemple', 'Lumière Exemple'][1 + (length(stem) + variant) % 3] as brand,
    margin_rate,
    -- shelf prices end on .90 with 20 % tax; the feed carries the amount without tax
    cast(round((floor(price * factor) + 0.9) / 1.2 * 100) as bigint) as price_cents,
    -- cheap things sell more often
    cast(round(1000 * pow(price * factor / 20.0, -0.55)) as bigint) as weight
from stems
cross join variants;

-- 4,096 slots from cheap to dear: slot = floor(4096 * u ^ (1 / taste)), so that a taste above 1 buys dearer things.
create table product_slots as
with below as (
    select
        product_no,
        price_cents,
        cast(margin_rate * 100 as integer) as margin_percent,
        coalesce(sum(weight) over (order by price_cents, product_no rows between unbounded preceding and 1 preceding), 0) as weight_below,
        sum(weight) over () as total
    from products
)
select slot::integer as slot, below.product_no, below.price_cents, below.margin_percent
from range(0, 4096) as slots (slot)
asof join below on below.weight_below / below.total <= slot / 4096.0;

create table tastes as
select
    taste_no::integer as taste_no,
    taste,
    (
        select avg(price_cents)
        from range(0, 4096) as draws (i)
        inner join product_slots on product_slots.slot = cast(floor(4096 * pow((i + 0.5) / 4096.0, 1 / taste)) as integer)
    ) as mean_price_cents,
    (
        select avg(price_cents * margin_percent)
        from range(0, 4096) as draws (i)
        inner join product_slots on product_slots.slot = cast(floor(4096 * pow((i + 0.5) / 4096.0, 1 / taste)) as integer)
    ) as mean_margin_hundredths
from (values (1, 0.7), (2, 0.85), (3, 1.0), (4, 1.2), (5, 1.5)) as t (taste_no, taste);

create table rewards as
select *
from (values
    ('R01', 'Bon de 5 euros', 'monetary', 5.00, 250), ('R02', 'Bon de 10 euros', 'monetary', 10.00, 450), ('R03', 'Bon de 25 euros', 'monetary', 25.00, 1000),
    ('R04', 'Atelier céramique', 'experience', 18.00, 700), ('R05', 'Soirée privée des soldes', 'experience', 6.50, 300),
    ('R06', 'Défi zéro déchet', 'challenge', 2.00, 150), ('R07', 'Entrée de musée partenaire', 'partner', 9.00, 400), ('R08', 'Livraison offerte', 'monetary', 4.90, 200)
) as r (reward_id, label, kind, cost_amount, points);
