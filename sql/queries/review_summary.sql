-- title:  Reviews of items
-- params: :limit integer = 20
-- answer: rank, product_id, name, category, reviews, average_rating (1 to 5), stars_5, stars_4, stars_3, stars_2, stars_1, latest_review (day), category_average
--
-- Items by the number of their reviews. category_average is the average over all reviews of the item's category. Items with
-- equally many reviews share a rank, and whichever shares the last rank is shown, too. Reviews count whatever became of the
-- order later.
\if :{?limit}
\else
    \set limit 20
\endif
select s.rank, s.product_id, s.name, s.category, s.reviews, round(s.stars / s.reviews, 2) as average_rating,
    s.stars_5, s.stars_4, s.stars_3, s.stars_2, s.stars_1, s.latest_review,
    round(s.category_stars / s.category_reviews, 2) as category_average
from (
    select r.*, p.name, p.category, rank() over (order by r.reviews desc) as rank,
        sum(r.stars) over c as category_stars, sum(r.reviews) over c as category_reviews
    from (
        select product_id, count(*) as reviews, sum(rating)::numeric as stars,
            count(*) filter (where rating = 5) as stars_5,
            count(*) filter (where rating = 4) as stars_4,
            count(*) filter (where rating = 3) as stars_3,
            count(*) filter (where rating = 2) as stars_2,
            count(*) filter (where rating = 1) as stars_1,
            (max(review_date) at time zone 'UTC')::date as latest_review
        from analytics.product_reviews
        group by product_id
    ) r
    join analytics.products p on p.product_id = r.product_id
    window c as (partition by p.category)
) s
where s.rank <= :limit
order by s.rank, s.product_id;
