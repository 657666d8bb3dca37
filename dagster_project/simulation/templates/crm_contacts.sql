-- The CRM's contacts onto the feed crm_contacts: French labels to the codes of the reference table `channels`.
select
    id_contact as contact_id,
    id_dossier as case_id,
    code_client as customer_id,
    case canal
        when 'Téléphone' then 'phone'
        when 'Courriel' then 'email'
        when 'Formulaire' then 'form'
        when 'Réseaux sociaux' then 'social'
        when 'Comptoir' then 'store_desk'
        when 'Messagerie' then 'messaging'
        when 'Chat' then 'chat'
        else canal
    end as channel,
    case sens when 'E' then 'inbound' when 'S' then 'outbound' else sens end as direction,
    motif as reason,
    ouvert_utc as opened_at,
    pris_en_charge_utc as answered_at,
    clos_utc as closed_at,
    duree_conversation_s as talk_seconds,
    duree_attente_s as hold_seconds,
    duree_saisie_s as wrap_up_seconds,
    case issue
        when 'résolu' then 'resolved'
        when 'non résolu' then 'unresolved'
        when 'abandonné' then 'abandoned'
        when 'transféré' then 'transferred'
        when 'fusionné' then 'merged'
        when 'indésirable' then 'spam'
        else issue
    end as outcome,
    conseiller as agent_id,
    file as queue,
    transferts as transfer_count,
    reouvertures as reopen_count,
    fusionne_dans as merged_into_contact_id,
    case robot when '1' then 'true' when '0' then 'false' end as is_automated,
    case veut_partir when '1' then 'true' when '0' then 'false' end as has_cancellation_intent,
    offre as retention_offer,
    langue as language,
    modifie_utc as updated_at
from source
